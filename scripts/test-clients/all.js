'use strict';
// Every client, one after the other; the last line counts.
const { check, summary } = require('./harness.js');

const clients = ['tenpay', 'wechatpay-axios-plugin', 'wechatpay-node-v3'];

(async () => {
  for (const name of clients) {
    console.log(`# ${name}`);
    let err;
    try {
      await require(`./${name}.test.js`)();
    } catch (caught) {
      err = caught;
    }
    if (err) await check(`${name}: the run itself`, () => { throw err; });
  }
  summary();
  process.exit(); // also when something is left open after a failure
})();
