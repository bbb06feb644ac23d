use std::time::Duration;

use super::*;
use crate::faults::{Answer, FaultScript};

fn parsed(text: &str) -> Vec<Fault> {
    parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn problem(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

/// One fault with these lines.
fn one(lines: &str) -> Fault {
    parsed(&format!("[[fault]]\n{lines}")).remove(0)
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn every_action_reads_as_it_is_written_in_rust() {
    let table = || "main.nyc.flights".parse().unwrap();
    for (toml, rust) in [
        ("on = 'connect'\ndo = 'cut'", Fault::on_connect().cut()),
        (
            "on = 'connect'\ndo = 'freeze'\nlasting = '2s'",
            Fault::on_connect().freeze(2000 * MS),
        ),
        (
            "on = 'token'\ndelay = '1s 500ms'",
            Fault::on_token().delay(1500 * MS),
        ),
        (
            "on = 'token'\ntable = 'main.nyc.flights'\nnth = 2\ndo = 'answer'\nstatus = 429\n\
             retry_after = 3\nbody = 'slow down'",
            Fault::on_token()
                .table(table())
                .nth(2)
                .answer(Answer::status(429).retry_after(3).body("slow down")),
        ),
        (
            "on = 'token'\ndo = 'answer'\nstatus = 200\nheaders = { a = 'b' }\nfiller = 7\n\
             drip = '1ms'",
            Fault::on_token().answer(Answer::status(200).header("a", "b").filler(7).drip(MS)),
        ),
        (
            "on = 'token'\ndo = 'lifetime'\nlifetime = '5s'",
            Fault::on_token().lifetime(5000 * MS),
        ),
        (
            "on = 'token'\ndo = 'lifetime'\nlifetime = '0s'\nexpires_in = -1",
            Fault::on_token().lifetime_but_said(Duration::ZERO, -1),
        ),
        (
            "on = 'catalog'\ndo = 'answer'\nstatus = 500",
            Fault::on_catalog().answer(500),
        ),
        (
            "on = 'open'\nfrom = 2\ntimes = 3\ndo = 'status'\ncode = 'UNAUTHENTICATED'\n\
             message = 'no'",
            Fault::on_open()
                .from_nth(2)
                .times(3)
                .status(Code::Unauthenticated, "no"),
        ),
        (
            "on = 'open'\ndo = 'cut_after'\nbytes = 100",
            Fault::on_open().cut_after(100),
        ),
        (
            "on = 'request'\noffset = 4\ndo = 'read_slowly'\nbytes_per_second = 10\n\
             lasting = '1ms'",
            Fault::on_request().offset(4).read_slowly(10, Some(MS)),
        ),
        (
            "on = 'request'\nfrom_offset = 4\nevery = 2\ndo = 'close_signal'\nduration = '1ms'",
            Fault::on_request().from_offset(4).every(2).close_signal(MS),
        ),
        (
            "on = 'request'\ndo = 'close_signal'\nseconds = -1\nserve_for = '1ms'",
            Fault::on_request().close_signal_saying(Some((-1, 0)), MS),
        ),
        (
            "on = 'request'\ndo = 'close_signal'\nserve_for = '1ms'",
            Fault::on_request().close_signal_saying(None, MS),
        ),
        (
            "on = 'request'\nprobability = 0.5\nseed = 3\ndo = 'expire_token'",
            Fault::on_request().probability(0.5, 3).expire_token(),
        ),
        (
            "on = 'record'\ncolumn = 'id'\nequals = 7\ndo = 'refuse'",
            Fault::on_record().column("id", 7).refuse(),
        ),
        (
            "on = 'record'\ncolumn = 'price'\nequals = 1.0\ndo = 'end'",
            Fault::on_record().column("price", "1.0").end(),
        ),
        (
            "on = 'record'\nlarger_than = 9\ndo = 'status'\ncode = 'INTERNAL'\nmessage = ''",
            Fault::on_record().larger_than(9).status(Code::Internal, ""),
        ),
        (
            "on = 'commit'\ndo = 'disk_full'",
            Fault::on_commit().disk_full(),
        ),
        (
            "on = 'commit'\ndo = 'fail'\nreason = 'a bad day'",
            Fault::on_commit().fail("a bad day"),
        ),
        ("on = 'ack'\ndo = 'withhold'", Fault::on_ack().withhold()),
        (
            "on = 'ack'\ndo = 'cut_mid_message'",
            Fault::on_ack().cut_mid_message(),
        ),
        (
            "on = 'ack'\ndo = 'acknowledge'\nexactly = -1",
            Fault::on_ack().saying(-1),
        ),
        (
            "on = 'ack'\ndo = 'acknowledge'\nbehind = 1",
            Fault::on_ack().behind(1),
        ),
        (
            "on = 'ack'\ndo = 'acknowledge'\nbeyond = 1",
            Fault::on_ack().beyond(1),
        ),
        (
            "on = 'ack'\ndo = 'acknowledge'\nbackwards = 1",
            Fault::on_ack().backwards(1),
        ),
        (
            "on = 'ack'\ndo = 'acknowledge'\ntwice = true",
            Fault::on_ack().twice(),
        ),
        (
            "on = 'ack'\ndo = 'acknowledge'\nno_offset = true",
            Fault::on_ack().without_offset(),
        ),
        (
            "name = 'last'\non = 'close'\ndelay = '1ms'\ndo = 'end'",
            Fault::on_close().after(MS).end().named("last"),
        ),
    ] {
        assert_eq!(one(toml), rust, "{toml}");
    }
}

#[test]
fn the_seed_of_the_file_is_for_faults_without_one() {
    let fault = parsed("seed = 5\n[[fault]]\non = 'ack'\nprobability = 1\ndo = 'end'").remove(0);
    assert_eq!(fault, Fault::on_ack().probability(1.0, 5).end());
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, expected) in [
        ("[[fault]\n", "line 1: "),
        (
            "\n\n[[fault]]\non = 'moon'",
            "line 4: unknown variant `moon`",
        ),
        (
            "[[fault]]\non = 'ack'\n\ncolour = 1",
            "line 4: unknown field `colour`",
        ),
        ("[[fault]]\ndo = 'cut'", "line 1: missing field `on`"),
        ("what = 1", "line 1: unknown field `what`"),
        (
            "[[fault]]\non = 'ack'\ndelay = 5",
            "line 3: invalid type: integer `5`, expected a string",
        ),
        (
            "[[fault]]\non = 'ack'\ndelay = 'soon'",
            "line 3: \"soon\" is not a duration such as \"200ms\" or \"2s\"",
        ),
        ("[[fault]]\non = 'ack'\ntable = 'a.b'", "line 3: "),
        (
            "\n[[fault]]\non = 'ack'",
            "line 2: nothing happens: give it a `do` or a `delay`",
        ),
        (
            "[[fault]]\non = 'ack'\ndo = 'end'\n\n[[fault]]\non = 'commit'\ndo = 'cut'",
            "line 5: do = \"cut\" cannot happen on \"commit\"; what can is disk_full, fail, freeze",
        ),
        (
            "[[fault]]\non = 'ack'\ndo = 'cut'\ncode = 'ABORTED'",
            "line 1: `code` says nothing to on = \"ack\" with do = \"cut\"",
        ),
        (
            "[[fault]]\non = 'open'\noffset = 3\ndo = 'cut'",
            "line 1: `offset` says nothing to on = \"open\" with do = \"cut\"",
        ),
        (
            "[[fault]]\non = 'close'\ndelay = '1s'\nbytes = 3",
            "line 1: `bytes` says nothing to on = \"close\" without `do`",
        ),
        (
            "[[fault]]\non = 'open'\ndo = 'status'",
            "line 1: `code` is missing",
        ),
        (
            "[[fault]]\non = 'open'\ndo = 'status'\ncode = 'OK'",
            "line 4: unknown variant `OK`",
        ),
        (
            "[[fault]]\non = 'ack'\ndo = 'acknowledge'",
            "line 1: give one of exactly, behind",
        ),
        (
            "[[fault]]\non = 'record'\ncolumn = 'id'\ndo = 'refuse'",
            "line 1: `column` and `equals` belong together",
        ),
        (
            "[[fault]]\non = 'ack'\nnth = 0\ndo = 'end'",
            "line 1: events are counted from 1",
        ),
        (
            "[[fault]]\non = 'ack'\nnth = 2\ntimes = 2\ndo = 'end'",
            "line 1: `nth` is one event",
        ),
        (
            "[[fault]]\non = 'ack'\nprobability = 1.5\ndo = 'end'",
            "line 1: a `probability` is between 0 and 1",
        ),
        (
            "[[fault]]\non = 'ack'\ndo = 'close_signal'",
            "line 1: `serve_for` is missing",
        ),
    ] {
        let problem = problem(text);
        assert!(problem.starts_with(expected), "{problem}\n{text}");
    }
}

#[test]
fn the_example_is_a_script_with_every_place_and_every_action() {
    let text = include_str!("../../../examples/faults.toml");
    let script: FaultScript = text.parse().unwrap();
    assert!(!script.faults().is_empty());
    for place in [
        "connect", "token", "catalog", "open", "request", "record", "commit", "ack", "close",
    ] {
        assert!(text.contains(&format!("\non = \"{place}\"\n")), "{place}");
        let place: Place = toml::Value::from(place).try_into().unwrap();
        for what in possible(place) {
            assert!(
                text.contains(&format!("\ndo = \"{}\"\n", what.word())),
                "{what:?}"
            );
        }
    }
}
