#!/usr/bin/python3
"""A CRM's client of redial: it brings the leads of exported CSV files in, then writes what came of the calls to another CSV
file. It may be run again at any time, after any failure. Debian: apt install python3-grpcio python3-protobuf
protobuf-compiler libprotobuf-dev; the messages are made of the protos once:

  mkdir -p gen && protoc -I ../../../proto -I .. --python_out gen \\
    campaign/v1/types.proto campaign/v1/lead.proto campaign/v1/event.proto retry.proto
  REDIAL_TOKEN=rd_… PYTHONPATH=gen python3 main.py CAMPAIGN-ID OUTCOMES.csv ../data/salesforce.csv ../data/hubspot.csv
"""
import collections, csv, os, pathlib, random, sys, time
from datetime import datetime, timezone

import grpc

import retry_pb2
from campaign.v1 import event_pb2, lead_pb2, types_pb2

# Which columns an export has, and how it writes instants, which are UTC.
CRMS = {
    "salesforce": dict(id="Id", first="FirstName", last="LastName", company="Company", phone="Phone", mobile="MobilePhone",
                       country="Country", gone="IsDeleted", modified="SystemModstamp", layout="%Y-%m-%dT%H:%M:%S.%fZ"),
    "hubspot": dict(id="Record ID", first="First Name", last="Last Name", company="Company Name", phone="Phone Number",
                    mobile="Mobile Phone Number", country="Country/Region Code", gone="", modified="Last Modified Date",
                    layout="%Y-%m-%d %H:%M"),
}
HEADINGS = ["call", "lead", "source", "external_id", "outcome", "note", "placed_at", "next"]
TOKEN = (("authorization", "Bearer " + os.environ.get("REDIAL_TOKEN", "")),)


def connect():
    """In the clear to this machine, unless REDIAL_TLS=1 or REDIAL_CA (a PEM file) is set."""
    server, ca = os.environ.get("REDIAL_SERVER", "127.0.0.1:7070"), os.environ.get("REDIAL_CA")
    if not ca and os.environ.get("REDIAL_TLS") != "1":
        return grpc.insecure_channel(server)
    return grpc.secure_channel(server, grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes() if ca else None))


def item_of(source, position, row):
    """An item of an export's row. An older change that comes later changes nothing, by the revision: microseconds."""
    c = CRMS[source]
    modified = datetime.strptime(row[c["modified"]], c["layout"]).replace(tzinfo=timezone.utc)
    it = lead_pb2.UpsertItem(position=position, external_id=row[c["id"]], revision=round(modified.timestamp() * 1e6))
    if row.get(c["gone"]) == "true":
        it.withdraw.reason = f"deleted in {source}"
        return it
    lead = it.upsert.lead
    lead.name = f"{row[c['first']]} {row[c['last']]}"
    for label in ("mobile", "phone"):
        if row[c[label]]:
            lead.numbers.add(label=label.replace("phone", "work"), phone=row[c[label]])
    if row[c["country"]]:
        lead.places.append(row[c["country"]])
    lead.attributes.add(name="Company", value=row[c["company"]])
    return it


def upsert(channel, begin, still_open, count, progress):
    """Sends what is open; gRPC reads it from the iterator while the answers are read here."""
    call = channel.stream_stream("/campaign.v1.LeadService/UpsertLeads", lead_pb2.UpsertLeadsRequest.SerializeToString,
                                 lead_pb2.UpsertLeadsResponse.FromString)
    sent = [lead_pb2.UpsertLeadsRequest(begin=begin)] + [lead_pb2.UpsertLeadsRequest(item=it) for it in still_open.values()]
    for answer in call(iter(sent), metadata=TOKEN):
        for r in answer.results:
            if r.error.HasField("retry_after"):
                continue  # the item stays open
            still_open.pop(r.position, None)
            progress()
            if not r.HasField("error"):
                count[lead_pb2.UpsertDone.Name(r.done).removeprefix("UPSERT_DONE_").lower()] += 1
                continue
            count["failed"] += 1
            print(f"{begin.source} {r.external_id}: {r.error.message}", file=sys.stderr)
            for f in r.error.fields:
                print(f"  {f.field}: {f.message}", file=sys.stderr)
    return not still_open


def instant(message, field):
    return getattr(message, field).ToDatetime().strftime("%Y-%m-%dT%H:%M:%SZ") if message.HasField(field) else ""


def watch(channel, campaign, file, rows, progress):
    """Follows the events from the cursor until there are no more. The cursor is kept once what came before it is."""
    kept = file.with_name(file.name + ".cursor")
    call = channel.unary_stream("/campaign.v1.EventService/WatchEvents", event_pb2.WatchEventsRequest.SerializeToString,
                                event_pb2.WatchEventsResponse.FromString)
    request = event_pb2.WatchEventsRequest(
        cursor=kept.read_text() if file.exists() and kept.exists() else "", campaign_ids=[campaign], until_caught_up=True,
        types=["EVENT_TYPE_ATTEMPT", "EVENT_TYPE_ATTEMPT_AMENDED", "EVENT_TYPE_LEAD_ERASED"])
    for answer in call(request, metadata=TOKEN):
        for e in answer.events:
            if e.type == event_pb2.EVENT_TYPE_LEAD_ERASED:
                for key in [k for k, row in rows.items() if row["lead"] == str(e.lead_id)]:
                    del rows[key]
                continue
            a, outcome = e.attempt, types_pb2.Outcome.Name(e.attempt.outcome).removeprefix("OUTCOME_")
            values = [str(a.assignment_id), str(e.lead_id), e.source, e.external_id, outcome, a.note,
                      instant(a, "placed_at"), instant(a, "next_at")]
            rows[values[0]] = dict(zip(HEADINGS, values))  # by the call, so that an event told again changes nothing
        # The outcomes first: a failure between the two has events told again, which is harmless.
        with open(f"{file}.new", "w", encoding="utf-8", newline="") as f:
            out = csv.DictWriter(f, HEADINGS, lineterminator="\n")
            out.writeheader()
            out.writerows(sorted(rows.values(), key=lambda row: int(row["call"])))
        os.replace(f"{file}.new", file)
        pathlib.Path(f"{kept}.new").write_text(answer.cursor)
        os.replace(f"{kept}.new", kept)
        progress()
    return True


def patiently(f, *args):
    """Does f until it succeeds. A fault that passes (UNAVAILABLE, RESOURCE_EXHAUSTED) is waited out, as long as the server
    says, else 1 s, 2 s, 4 s … 30 s, less a random part; ten in a row without any progress are too many."""
    tries = 0

    def progress():
        nonlocal tries
        tries = 0

    while True:
        fault, wait = "some items are to be sent again", min(2 ** tries, 30) * (1 - random.random() / 2)
        try:
            if f(*args, progress):
                return
        except grpc.RpcError as err:
            if err.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
                raise
            fault = err.details()
            info = retry_pb2.RetryInfo()
            for key, raw in err.trailing_metadata() or ():
                for d in retry_pb2.Status.FromString(raw).details if key == "grpc-status-details-bin" else ():
                    if d.type_url.endswith("google.rpc.RetryInfo"):
                        info.ParseFromString(d.value)
                        wait = info.retry_delay.ToTimedelta().total_seconds()
        tries += 1
        if tries == 10:
            sys.exit(fault)
        print(f"{fault}: again in {wait:.1f} s", file=sys.stderr)
        time.sleep(wait)


def main(campaign, outcomes, *files):
    outcomes = pathlib.Path(outcomes)
    with connect() as channel:
        for file in map(pathlib.Path, files):
            with open(file, encoding="utf-8", newline="") as f:  # the file's name is the CRM's
                items = [item_of(file.stem, i, row) for i, row in enumerate(csv.DictReader(f), 1)]
            still_open, count = {it.position: it for it in items}, collections.Counter()  # open: sent again after a cut
            begin = lead_pb2.UpsertBegin(source=file.stem, campaign_id=int(campaign))
            patiently(upsert, channel, begin, still_open, count)
            print(file.stem, dict(count))
        rows = {}
        if outcomes.exists():
            with open(outcomes, encoding="utf-8", newline="") as f:
                rows = {row["call"]: row for row in csv.DictReader(f)}
        patiently(watch, channel, int(campaign), outcomes, rows)
        print(f"outcomes of {len(rows)} calls")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: REDIAL_TOKEN=… main.py CAMPAIGN-ID OUTCOMES.csv salesforce.csv|hubspot.csv …")
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as err:
        sys.exit(f"{err.code().name}: {err.details()}")
