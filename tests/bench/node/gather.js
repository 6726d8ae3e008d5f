// Calls `work` with a list of all that was asked for while its previous call was under way, and gives everyone the answer
// at their place in its list of answers. One call at a time, so things stay in order.
export function gather(work, most) {
    let waiting = [];
    let busy = false;

    async function run() {
        busy = true;
        while (waiting.length > 0) {
            const now = waiting.splice(0, most);
            try {
                const answers = await work(now.map((one) => one.item));
                now.forEach((one, index) => one.resolve(answers[index]));
            } catch (error) {
                now.forEach((one) => one.reject(error));
            }
        }
        busy = false;
    }

    return (item) =>
        new Promise((resolve, reject) => {
            waiting.push({ item, resolve, reject });
            if (!busy) {
                busy = true;
                setImmediate(run); // what arrived in the same round of the event loop goes together
            }
        });
}
