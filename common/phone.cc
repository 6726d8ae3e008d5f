/* Which numbers are taken: those that are possible by their length in their country, not only those that are valid,
 * since "valid" means the number ranges known when the library was released, and a customer who got a number of a newer
 * range is a customer too. A number that lacks its area code (possible, but local only) is refused: it is many
 * people's. E.164 knows no extensions, so one is dropped: it names a desk, and who calls back from it shows the number
 * alone. */
#include "common/phone.h"

#include <cstring>
#include <new>
#include <string>

#include <phonenumbers/phonenumberutil.h>

#include "common/error.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

static const char *expected_by(PhoneNumberUtil::ErrorType error) {
    switch (error) {
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
        return "a phone number with + and a country code that exists";
    case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
    case PhoneNumberUtil::TOO_SHORT_NSN:
        return "a phone number with more digits";
    case PhoneNumberUtil::TOO_LONG_NSN:
        return "a phone number with fewer digits";
    default:
        return "a phone number";
    }
}

static const char *expected_by(PhoneNumberUtil::ValidationResult result) {
    switch (result) {
    case PhoneNumberUtil::IS_POSSIBLE:
        return nullptr;
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
        return "a phone number with its area code";
    case PhoneNumberUtil::INVALID_COUNTRY_CODE:
        return "a phone number with + and a country code that exists";
    case PhoneNumberUtil::TOO_SHORT:
        return "a phone number with more digits";
    case PhoneNumberUtil::TOO_LONG:
        return "a phone number with fewer digits";
    default:
        return "a phone number as long as its country has them";
    }
}

static const char *to_e164(const std::string &number, const std::string &region, std::string *ret) {
    const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
    PhoneNumber parsed;
    PhoneNumberUtil::ErrorType error = util->Parse(number, region, &parsed);
    if (error != PhoneNumberUtil::NO_PARSING_ERROR)
        return expected_by(error);
    const char *expected = expected_by(util->IsPossibleNumberWithReason(parsed));
    if (!expected)
        util->Format(parsed, PhoneNumberUtil::E164, ret);
    return expected;
}

/* What the library writes it may read as another number, where zeros lead: of the digits 0040182520 in Britain it makes
 * +440040182520, and of that +44040182520. What counts is the one that stays. */
static const char *to_stable(const std::string &number, const std::string &region, std::string *ret) {
    std::string again = number;
    const char *expected = nullptr;
    for (int tries = 0; !expected && tries < 4; tries++) {
        expected = to_e164(again, region, ret);
        if (*ret == again)
            return expected;
        again = *ret;
    }
    return expected ? expected : "a phone number";
}

int tp_phone_canonical(const char *number, size_t len, const char *region, char out[TP_PHONE_TEXT],
                       const char **ret_expected) {
    try {
        std::string e164;
        const char *no_region = "ZZ"; /* the library's word for none */
        *ret_expected = to_stable({number, len}, *region ? region : no_region, &e164);
        if (!*ret_expected && e164.size() >= TP_PHONE_TEXT)
            *ret_expected = "a phone number with fewer digits";
        if (*ret_expected)
            return TP_EFORM;
        std::memcpy(out, e164.c_str(), e164.size() + 1);
        return 0;
    } catch (const std::bad_alloc &) {
        return TP_ENOMEM;
    }
}
