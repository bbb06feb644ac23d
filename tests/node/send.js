// Sends rows through the official SDK for Node, as anybody would.
//
// Usage: node send.js MODULE {json,proto} PAYLOAD
// The server's address is on standard input, as `zb serve` prints it; PAYLOAD is what
// tests/python/conformance/payload.py prints. The last line printed is what there is to know.

const fs = require('node:fs');

async function main(module, form, payload) {
  const { ZerobusSdk, RecordType } = require(module);
  const address = JSON.parse(fs.readFileSync(0, 'utf8'));
  const { descriptor, records } = JSON.parse(fs.readFileSync(payload, 'utf8'));
  const record = form === 'json' ? (text) => text : (text) => Buffer.from(text, 'base64');

  const sdk = new ZerobusSdk(address.endpoint, address.unity_catalog_url);
  const table = { tableName: 'main.conformance.rows', descriptorProto: descriptor };
  const recordType = form === 'json' ? RecordType.Json : RecordType.Proto;
  const stream = await sdk.createStream(table, address.client_id, address.client_secret, { recordType });

  // Single records first, the last of them waited for; then batches.
  const half = records.length / 2;
  let offset;
  for (const text of records.slice(0, half)) {
    offset = await stream.ingestRecordOffset(record(text));
  }
  await stream.waitForOffset(offset);
  for (let start = half; start < records.length; start += half / 5) {
    await stream.ingestRecordsOffset(records.slice(start, start + half / 5).map(record));
  }
  await stream.flush();
  await stream.close();
  console.log(JSON.stringify({ rows: records.length }));
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
