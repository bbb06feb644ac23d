use tokio::time::Instant;

use super::*;
use crate::faults::{Code, On, Request};

fn faults(script: impl Into<FaultScript>) -> Faults {
    Faults::new(script.into(), Arc::default())
}

fn table(name: &str) -> TableName {
    name.parse().unwrap()
}

/// The events, from 1, at which the fault happens.
fn fired(fault: On<Request>, events: usize) -> Vec<usize> {
    let faults = faults(fault.cut());
    let table = table("a.b.c");
    (1..=events)
        .filter(|_| faults.judge(&Event::request(&table, 0)).action.is_some())
        .collect()
}

#[test]
fn nothing_happens_without_a_script() {
    let faults = faults([]);
    assert!(!faults.exist());
    assert!(faults.judge(&Event::connect()).is_nothing());
    assert_eq!(faults.counts(), []);
}

#[test]
fn a_fault_happens_as_often_as_it_says() {
    let on = Fault::on_request;
    assert_eq!(fired(on(), 3), [1, 2, 3]);
    assert_eq!(fired(on().nth(2), 5), [2]);
    assert_eq!(fired(on().from_nth(4), 5), [4, 5]);
    assert_eq!(fired(on().every(2), 7), [2, 4, 6]);
    assert_eq!(fired(on().times(2), 7), [1, 2]);
    assert_eq!(fired(on().from_nth(3).every(2).times(2), 9), [4, 6]);
    assert_eq!(fired(on().once(), 3), [1]);
}

#[test]
fn chance_repeats_itself_and_keeps_its_share() {
    let by_chance = |seed| fired(Fault::on_request().probability(0.25, seed), 4000);
    let first = by_chance(7);
    assert_eq!(first, by_chance(7));
    assert_ne!(first, by_chance(8));
    // Five standard deviations of a binomial distribution.
    assert!((864..=1136).contains(&first.len()), "{}", first.len());
    assert!(fired(Fault::on_request().probability(0.0, 1), 100).is_empty());
    assert_eq!(fired(Fault::on_request().probability(1.0, 1), 3), [1, 2, 3]);
}

#[test]
fn faults_of_one_seed_do_not_draw_alike() {
    let script = || {
        let twin = || Fault::on_request().probability(0.25, 7);
        faults([twin().cut(), twin().end()])
    };
    let drawn = |faults: Faults| {
        let table = table("a.b.c");
        let draws = (0..4000).map(|_| faults.judge(&Event::request(&table, 0)).action);
        draws.collect::<Vec<_>>()
    };
    let first = drawn(script());
    assert_eq!(first, drawn(script()));
    let times = |action: &Action| first.iter().filter(|a| a.as_ref() == Some(action)).count();
    let (cuts, ends) = (times(&Action::Cut), times(&Action::End));
    // Five standard deviations; the second is left three quarters of its events.
    assert!((864..=1136).contains(&cuts), "{cuts}");
    assert!((628..=872).contains(&ends), "{ends}");
}

#[test]
fn tables_and_offsets_choose_events() {
    let (ours, theirs) = (table("a.b.c"), table("a.b.d"));
    let script = faults([
        Fault::on_request().table(ours.clone()).offset(3).cut(),
        Fault::on_ack().from_offset(5).withhold(),
        Fault::on_ack().offset(2).end(),
    ]);
    let action = |event: Event<'_>| script.judge(&event).action;
    assert_eq!(action(Event::request(&ours, 3)), Some(Action::Cut));
    assert_eq!(action(Event::request(&ours, 4)), None);
    assert_eq!(action(Event::request(&theirs, 3)), None);
    assert_eq!(action(Event::open(Some(&ours))), None);
    assert_eq!(action(Event::ack(&ours, None, 1)), None);
    assert_eq!(action(Event::ack(&ours, None, 2)), Some(Action::End));
    assert_eq!(action(Event::ack(&ours, Some(1), 4)), Some(Action::End));
    assert_eq!(action(Event::ack(&ours, Some(2), 4)), None);
    assert_eq!(
        action(Event::ack(&ours, Some(2), 6)),
        Some(Action::Withhold)
    );
    let seen: Vec<_> = script.counts().iter().map(|count| count.seen).collect();
    assert_eq!(seen, [1, 1, 2]);
}

#[test]
fn delays_add_up_and_the_first_action_wins() {
    let second = Duration::from_secs(1);
    let script = faults([
        Fault::on_open().delay(second),
        Fault::on_open().once().after(second).cut(),
        Fault::on_open()
            .once()
            .status(Code::Internal, "later")
            .named("second"),
    ]);
    let first = script.judge(&Event::open(None));
    assert_eq!((first.delay, first.action), (second * 2, Some(Action::Cut)));
    let next = script.judge(&Event::open(None));
    let status = Action::Status(Code::Internal, "later".into());
    assert_eq!((next.delay, next.action), (second, Some(status)));
    assert_eq!(script.judge(&Event::open(None)).action, None);
    let counts: Vec<_> = script
        .counts()
        .into_iter()
        .map(|count| (count.name, count.seen, count.fired))
        .collect();
    let expected = [("fault 1", 3, 3), ("fault 2", 3, 1), ("second", 3, 1)];
    assert_eq!(counts, expected.map(|(name, a, b)| (name.to_owned(), a, b)));
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_over_before_the_action() {
    let script = faults(Fault::on_connect().after(Duration::from_secs(9)).cut());
    let begun = Instant::now();
    assert_eq!(script.meet(Event::connect()).await, Some(Action::Cut));
    assert_eq!(begun.elapsed(), Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn a_freeze_holds_everything_for_its_time() {
    let script = faults(Fault::on_connect().nth(1).freeze(Duration::from_secs(5)));
    let begun = Instant::now();
    assert_eq!(script.meet(Event::connect()).await, None);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    script.thawed().await;
    assert!(begun.elapsed() >= Duration::from_secs(5));
    script.thawed().await;
    assert!(begun.elapsed() < Duration::from_secs(6));
}
