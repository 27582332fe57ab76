'use strict';
// npm `tenpay` (V2): native order, query, close, refund, bills, and its notification middleware as a
// merchant.
// Unmodified; pointed here by the `urls` of its instance.
const assert = require('node:assert');
const tenpay = require('tenpay');
const { check, startSandbox, startMerchant, control } = require('./harness.js');

function client(sandbox, config = {}) {
  const { mch_id: mchid, appid, api_key: partnerKey } = sandbox.account;
  const api = new tenpay({ appid, mchid, partnerKey, ...config });
  for (const [name, url] of Object.entries(api.urls))
    api.urls[name] = url.replace(/^https:\/\/[^/]+/, sandbox.api_url);
  return api;
}

// The SDK's express middleware, with the two methods of express it uses; one for each kind of
// notification, which in a shop have addresses of their own.
function receive(api, notifications, answer) {
  const pay = api.middlewareForExpress('pay');
  const refund = api.middlewareForExpress('refund');
  return (body, res) => {
    const middleware = body.includes('<req_info>') ? refund : pay;
    const shim = {
      header: (name, value) => res.setHeader(name, value),
      send: (text) => res.end(text),
    };
    const req = { body };
    middleware(req, shim, () => {
      notifications.push(req.weixin);
      shim.reply(answer());
    }).catch((err) => res.destroy(err));
  };
}

let number = 0;
const order = (extra = {}) => ({
  body: '腾讯充值中心-QQ会员充值',
  out_trade_no: `tenpay${Date.now()}${number++}`,
  total_fee: 88,
  trade_type: 'NATIVE',
  product_id: 'p1',
  ...extra,
});

module.exports = async function main() {
  const sandbox = await startSandbox();
  const notifications = [];
  let answer = () => '';
  const holder = {};
  const merchant = await startMerchant((body, res) => holder.receive(body, res));
  const api = client(sandbox, { notify_url: merchant.url });
  holder.receive = receive(api, notifications, () => answer());
  const account = `/v1/accounts/${sandbox.account.mch_id}`;
  const acknowledged = (out_trade_no) =>
    control(sandbox, 'POST', `${account}/wait`, { for: 'acknowledged', out_trade_no, timeout_ms: 10000 });

  for (const sign_type of ['MD5', 'HMAC-SHA256']) {
    const wanted = order({ sign_type, attach: '支付测试' });
    let code_url;

    await check(`${sign_type}: native order is answered with a code_url, its sign verifies`, async () => {
      const made = await api.unifiedOrder({ ...wanted });
      assert.match(made.code_url, /^weixin:\/\/wxpay\//);
      assert.strictEqual(made.trade_type, 'NATIVE');
      code_url = made.code_url;
    });
    await check(`${sign_type}: the same order again succeeds with the same code`, async () => {
      assert.strictEqual((await api.unifiedOrder({ ...wanted })).code_url, code_url);
    });
    await check(`${sign_type}: the same number with another amount is refused`, async () => {
      await assert.rejects(api.unifiedOrder({ ...wanted, total_fee: 89 }), /INVALID_REQUEST/);
    });
    await check(`${sign_type}: query says NOTPAY`, async () => {
      const { out_trade_no } = wanted;
      assert.strictEqual((await api.orderQuery({ out_trade_no, sign_type })).trade_state, 'NOTPAY');
    });
    await check(`${sign_type}: the middleware verifies the notification and acknowledges it`, async () => {
      await control(sandbox, 'POST', '/v1/pay', { code_url });
      await acknowledged(wanted.out_trade_no);
      const told = notifications.find((one) => one.out_trade_no === wanted.out_trade_no);
      assert.strictEqual(told.total_fee, '88');
      assert.strictEqual(told.attach, '支付测试');
    });
    await check(`${sign_type}: query says SUCCESS, by number and by transaction_id`, async () => {
      const { out_trade_no } = wanted;
      const paid = await api.orderQuery({ out_trade_no, sign_type });
      assert.strictEqual(paid.trade_state, 'SUCCESS');
      const again = await api.orderQuery({ transaction_id: paid.transaction_id, sign_type });
      assert.strictEqual(again.out_trade_no, out_trade_no);
    });
    await check(`${sign_type}: a paid order can neither be ordered again nor closed`, async () => {
      await assert.rejects(api.unifiedOrder({ ...wanted }), /ORDERPAID/);
      await assert.rejects(api.closeOrder({ out_trade_no: wanted.out_trade_no, sign_type }), /ORDERPAID/);
    });
  }

  await check('an unpaid order is closed and stays closed', async () => {
    const wanted = order();
    await api.unifiedOrder({ ...wanted });
    await api.closeOrder({ out_trade_no: wanted.out_trade_no });
    assert.strictEqual((await api.orderQuery({ out_trade_no: wanted.out_trade_no })).trade_state, 'CLOSED');
    await assert.rejects(api.unifiedOrder({ ...wanted }), /ORDERCLOSED/);
  });
  await check('an order nobody made does not exist', async () => {
    await assert.rejects(api.orderQuery({ out_trade_no: 'nobody-made-it' }), /ORDERNOTEXIST/);
  });
  await check('coupons: the notification still verifies, cash and coupons add up', async () => {
    const wanted = order();
    const { code_url } = await api.unifiedOrder({ ...wanted });
    await control(sandbox, 'POST', '/v1/pay', {
      code_url,
      coupons: [{ type: 'CASH', fee_fen: 8 }, { type: 'NO_CASH', fee_fen: 30 }],
    });
    await acknowledged(wanted.out_trade_no);
    const told = notifications.find((one) => one.out_trade_no === wanted.out_trade_no);
    assert.strictEqual(Number(told.cash_fee) + Number(told.coupon_fee), Number(told.total_fee));
    assert.strictEqual(told.settlement_total_fee, '58');
  });
  await check('a wrong key is refused, in words the client shows', async () => {
    const stranger = client(sandbox, { partnerKey: 'f'.repeat(32), notify_url: merchant.url });
    await assert.rejects(stranger.unifiedOrder(order()), /签名错误/);
  });
  await check('a FAIL from the merchant brings the notification again, 15 s later', async () => {
    const wanted = order();
    const { code_url } = await api.unifiedOrder({ ...wanted });
    answer = () => 'not now';
    await control(sandbox, 'POST', '/v1/pay', { code_url, wait_ms: 5000 });
    answer = () => '';
    await control(sandbox, 'POST', `${account}/clock/advance`, { s: 15 });
    await acknowledged(wanted.out_trade_no);
    const copies = notifications.filter((one) => one.out_trade_no === wanted.out_trade_no);
    assert.strictEqual(copies.length, 2);
    assert.strictEqual(copies[0].transaction_id, copies[1].transaction_id);
  });
  let bill_date; // in Beijing
  for (const sign_type of ['MD5', 'HMAC-SHA256']) {
    const wanted = order({ sign_type });
    const { out_trade_no } = wanted;
    const asked = {
      out_trade_no, out_refund_no: `${out_trade_no}R`, total_fee: 88, refund_fee: 30, sign_type,
      notify_url: merchant.url,
    };
    let refund_id;

    await check(`${sign_type}: a refund is accepted, its sign verifies; again it is the same one`, async () => {
      const { code_url } = await api.unifiedOrder({ ...wanted });
      await control(sandbox, 'POST', '/v1/pay', { code_url, wait_ms: 5000 });
      ({ refund_id } = await api.refund({ ...asked }));
      const { virtual_ms } = await control(sandbox, 'GET', `${account}/clock`);
      bill_date = new Date(virtual_ms + 8 * 3600000).toISOString().slice(0, 10).replace(/-/g, '');
      assert.strictEqual((await api.refund({ ...asked })).refund_id, refund_id);
      assert.strictEqual((await api.orderQuery({ out_trade_no, sign_type })).trade_state, 'REFUND');
    });
    await check(`${sign_type}: the middleware opens the refund's notification and acknowledges it`, async () => {
      await control(sandbox, 'POST', `${account}/clock/advance`, { s: 2 });
      const told = notifications.find((one) => one.req_info && one.req_info.refund_id === refund_id);
      assert.strictEqual(told.req_info.refund_status, 'SUCCESS');
      assert.strictEqual(told.req_info.refund_fee, '30');
      assert.strictEqual(told.req_info.out_trade_no, out_trade_no);
      await control(sandbox, 'POST', `${account}/clock/advance`, { s: 3600 });
      const copies = notifications.filter((one) => one.req_info && one.req_info.refund_id === refund_id);
      assert.strictEqual(copies.length, 1);
    });
    await check(`${sign_type}: refund query finds it by each of its four numbers`, async () => {
      const { transaction_id } = await api.orderQuery({ out_trade_no, sign_type });
      for (const by of [{ refund_id }, { out_refund_no: asked.out_refund_no }, { transaction_id }, { out_trade_no }]) {
        const found = await api.refundQuery({ ...by, sign_type });
        assert.strictEqual(found.refund_id_0, refund_id);
        assert.strictEqual(found.refund_status_0, 'SUCCESS');
        assert.strictEqual(found.refund_fee_0, '30');
      }
    });
    await check(`${sign_type}: more than was paid is not given back`, async () => {
      const more = { ...asked, out_refund_no: `${out_trade_no}S`, refund_fee: 59 };
      await assert.rejects(api.refund(more), /REFUND_FEE_INVALID/);
      await assert.rejects(api.refundQuery({ out_refund_no: more.out_refund_no, sign_type }), /REFUNDNOTEXIST/);
    });
  }

  await check('the bill of the day lists what was paid and given back', async () => {
    await control(sandbox, 'POST', `${account}/clock/advance`, { s: 2 * 86400 });
    const bill = await api.downloadBill({ bill_date }, true);
    assert.strictEqual(bill.total_title[0], '总交易单数');
    assert.strictEqual(Number(bill.total_data[0]), bill.list_data.length);
    assert.ok(bill.list_data.some((row) => row[9] === 'SUCCESS'));
    assert.ok(bill.list_data.some((row) => row[9] === 'REFUND' && row[16] === '0.30'));
  });
  await check('what is not built yet is refused as such', async () => {
    const scan = { ...order(), auth_code: '134567890123456789' };
    await assert.rejects(api.micropay(scan), /sandbox: not built yet, manual 9_10/);
  });
  await check('the sandbox stops cleanly', async () => {
    assert.strictEqual(await sandbox.stop(), 0);
  });
  merchant.server.close();
  merchant.server.closeAllConnections();
};
