"""mod_json_cdr shows the name and password of `cred`, and has the leg's uuid in the address (FreeSWITCH's source:
process_cdr in mod_json_cdr.c, and json_cdr.conf.xml)."""

import base64

SECRET = "freeswitch:password-of-the-tests"
SETTINGS = 'region = "GB"'


def sign(request):
    request.headers["Authorization"] = f"Basic {base64.b64encode(SECRET.encode()).decode()}"
    return request
