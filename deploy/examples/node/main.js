// A CRM's client of redial: it brings the leads of exported CSV files in, then writes what came of the calls to another CSV
// file. It may be run again at any time, after any failure.
//
//   npm ci && REDIAL_TOKEN=rd_… node main.js CAMPAIGN-ID OUTCOMES.csv ../data/salesforce.csv ../data/hubspot.csv
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const protos = loader.loadSync(['campaign/v1/lead.proto', 'campaign/v1/event.proto', 'retry.proto'], {
  includeDirs: [path.join(__dirname, '../../../proto'), path.join(__dirname, '..')], keepCase: true, longs: String, enums: String, defaults: true,
});
const api = grpc.loadPackageDefinition(protos).campaign.v1;

// In the clear to this machine, unless REDIAL_TLS=1 or REDIAL_CA (a PEM file) is set.
const env = process.env;
const server = [env.REDIAL_SERVER || '127.0.0.1:7070', env.REDIAL_CA ? grpc.credentials.createSsl(fs.readFileSync(env.REDIAL_CA))
  : env.REDIAL_TLS === '1' ? grpc.credentials.createSsl() : grpc.credentials.createInsecure()];
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${env.REDIAL_TOKEN}`);

// Which columns an export has. Instants are UTC.
const crms = {
  salesforce: { id: 'Id', first: 'FirstName', last: 'LastName', company: 'Company', phone: 'Phone', mobile: 'MobilePhone',
    country: 'Country', gone: 'IsDeleted', modified: 'SystemModstamp' },
  hubspot: { id: 'Record ID', first: 'First Name', last: 'Last Name', company: 'Company Name', phone: 'Phone Number',
    mobile: 'Mobile Phone Number', country: 'Country/Region Code', modified: 'Last Modified Date' },
};

function parseCSV(text) {
  const rows = [[]];
  for (const [, sep, quoted, plain] of text.matchAll(/(^|,|\r?\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)) {
    if (sep.endsWith('\n')) rows.push([]);
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
  }
  const [head, ...body] = rows.filter((row) => row.length > 1);
  return body.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));
}

const formatCSV = (rows) => rows.map((row) => row.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',') + '\n').join('');

// An item of an export's row. An older change that comes later changes nothing, by the revision: microseconds.
function item(source, row, i) {
  const c = crms[source];
  const modified = Date.parse(/Z$/.test(row[c.modified]) ? row[c.modified] : row[c.modified].replace(' ', 'T') + 'Z');
  const known = { position: i + 1, external_id: row[c.id], revision: String(modified * 1000) };
  if (row[c.gone] === 'true') return { ...known, withdraw: { reason: `deleted in ${source}` } };
  const numbers = [{ label: 'mobile', phone: row[c.mobile] }, { label: 'work', phone: row[c.phone] }].filter((n) => n.phone);
  return { ...known, upsert: { lead: { name: `${row[c.first]} ${row[c.last]}`, numbers, places: row[c.country] ? [row[c.country]] : [],
    attributes: [{ name: 'Company', value: row[c.company] }] } } };
}

// Sends what is open and reads the answers meanwhile.
async function upsert(client, begin, open, count, progress) {
  const stream = client.UpsertLeads(metadata);
  const gone = new Promise((resolve) => stream.on('close', resolve).on('error', resolve).on('end', resolve));
  (async () => { // write says false when the server takes no more for now
    let more = stream.write({ begin });
    for (const it of [...open.values()]) {
      if (stream.destroyed) return;
      if (!more) await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), gone]);
      more = stream.write({ item: it });
    }
    stream.end();
  })();
  for await (const { results } of stream) {
    for (const r of results) {
      if (r.error?.retry_after) continue; // the item stays open
      open.delete(Number(r.position));
      progress();
      const what = r.error ? 'failed' : r.done.replace('UPSERT_DONE_', '').toLowerCase();
      count[what] = (count[what] || 0) + 1;
      if (!r.error) continue;
      console.error(`${begin.source} ${r.external_id}: ${r.error.message}`);
      for (const f of r.error.fields) console.error(`  ${f.field}: ${f.message}`);
    }
  }
  if (open.size) throw Object.assign(new Error(`${open.size} items are to be sent again`), { code: grpc.status.UNAVAILABLE });
}

// The file of what came of calls, one row each, and beside it the cursor of the events that it holds.
const headings = ['call', 'lead', 'source', 'external_id', 'outcome', 'note', 'placed_at', 'next'];
const instant = (t) => (t ? new Date(Number(t.seconds) * 1000).toISOString().replace('.000', '') : '');

function save(file, rows, cursor) { // the outcomes first: a failure between the two has events told again, which is harmless
  const sorted = [...rows.values()].sort((a, b) => a.call - b.call).map((row) => headings.map((h) => row[h]));
  for (const [name, text] of [[file, formatCSV([headings, ...sorted])], [`${file}.cursor`, cursor]]) {
    fs.writeFileSync(`${name}.new`, text, { mode: 0o600 });
    fs.renameSync(`${name}.new`, name);
  }
}

// Follows the events from the cursor until there are no more. The cursor is kept once what came before it is.
async function watch(client, campaign, file, rows, progress) {
  const stream = client.WatchEvents({ cursor: fs.existsSync(file) && fs.existsSync(`${file}.cursor`) ? fs.readFileSync(`${file}.cursor`, 'utf8') : '',
    campaign_ids: [campaign], until_caught_up: true, types: ['ATTEMPT', 'ATTEMPT_AMENDED', 'LEAD_ERASED'].map((t) => `EVENT_TYPE_${t}`) }, metadata);
  for await (const { events, cursor } of stream) {
    for (const { type, lead_id: lead, source, external_id, attempt: a } of events) {
      if (type === 'EVENT_TYPE_LEAD_ERASED') for (const [call, row] of rows) row.lead === lead && rows.delete(call);
      else { // by the call, so that an event told again changes nothing
        rows.set(a.assignment_id, { call: a.assignment_id, lead, source, external_id, outcome: a.outcome.replace('OUTCOME_', ''), note: a.note,
          placed_at: instant(a.placed_at), next: instant(a.next_at) });
      }
    }
    save(file, rows, cursor);
    progress();
  }
}

// Does f until it succeeds. A fault that passes (UNAVAILABLE, RESOURCE_EXHAUSTED) is waited out, as long as the server says,
// else 1 s, 2 s, 4 s … 30 s, less a random part; ten in a row without any progress are too many.
async function patiently(f) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await f(() => { attempt = 0; });
    } catch (err) {
      if (![grpc.status.UNAVAILABLE, grpc.status.RESOURCE_EXHAUSTED].includes(err.code) || attempt === 9) throw err;
      let wait = Math.min(2 ** attempt, 30) * (1 - Math.random() / 2);
      for (const raw of err.metadata?.get('grpc-status-details-bin') ?? []) {
        const info = protos['redial.examples.Status'].deserialize(raw).details.find((d) => d.type_url.endsWith('google.rpc.RetryInfo'));
        const delay = info && protos['redial.examples.RetryInfo'].deserialize(info.value).retry_delay;
        if (delay) wait = Number(delay.seconds) + delay.nanos / 1e9;
      }
      console.error(`${err.message}: again in ${wait} s`);
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
  }
}

async function main([campaign, outcomes, ...files]) {
  const leads = new api.LeadService(...server);
  for (const file of files) {
    const source = path.basename(file, '.csv'); // the file's name is the CRM's
    const items = parseCSV(fs.readFileSync(file, 'utf8')).map((row, i) => item(source, row, i));
    const [open, count] = [new Map(items.map((it) => [it.position, it])), {}]; // open: not answered yet, sent again after a cut
    await patiently((progress) => upsert(leads, { source, campaign_id: campaign }, open, count, progress));
    console.log(source, count);
  }
  const rows = new Map((fs.existsSync(outcomes) ? parseCSV(fs.readFileSync(outcomes, 'utf8')) : []).map((row) => [row.call, row]));
  await patiently((progress) => watch(new api.EventService(...server), campaign, outcomes, rows, progress));
  console.log(`outcomes of ${rows.size} calls`);
}

main(process.argv.slice(2)).then(() => process.exit(0), (err) => {
  console.error(err.message);
  process.exit(1);
});
