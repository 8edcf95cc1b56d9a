//! Every list operation of the service beside the bare query, in turn.

use crate::{
    asking::{ask, places, places_of},
    bare::{Bare, Ready, read},
    cases::{Case, Place, Work, orders, searches},
    database::Database,
    measure::{Quantiles, buffers, goes_on, page_rows, timed},
};
use rollbook::domain::{Cursor, Sort};
use std::time::{Duration, Instant};

/// Prints the table of a database, and how a large account compares with a small one.
pub(crate) async fn run(database: &Database) {
    let mut bare = Bare::on(database).await;
    let places = places(bare.db(), database.large).await;
    database.touch().await;
    println!(
        "\n{} members, pages of {}, times in µs",
        database.members,
        page_rows()
    );
    println!(
        "\n| operation | service p50 | p99 | bare p50 | p99 | ratio p50 | p99 | read p50 | p99 | buffers | bare | trigrams | bare plan |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |");
    let cases = orders().into_iter().chain(searches(database.members));
    for case in cases.filter(|case| wanted(&case.name)) {
        measure(database, &mut bare, &case, &places).await;
    }
    against_small(database, &places).await;
}

/// Whether a case was asked for: `ROLLBOOK_BENCH_ONLY` is a part of its name.
fn wanted(name: &str) -> bool {
    std::env::var("ROLLBOOK_BENCH_ONLY").map_or(true, |part| name.contains(&part))
}

async fn measure(database: &Database, bare: &mut Bare, case: &Case, places: &[Cursor]) {
    let places = &places_of(case, places);
    let ready = bare.ready(database.large, case, &places[0]).await;
    let (mut service, mut plain, mut owned) = (Vec::new(), Vec::new(), Vec::new());
    // Before anything counts: prepared, and as often as the server plans a statement anew before it
    // keeps a plan (`choose_custom_plan` in src/backend/utils/cache/plancache.c).
    for _ in 0..6 {
        if let Err(error) = ask(database, database.large, case, &places[0]).await {
            let bare = timed(bare.run(&ready, &places[0])).await.0;
            println!(
                "| {} | {error} | | {:.0} | |",
                case.name,
                bare.as_secs_f64() * 1e6
            );
            return;
        }
    }
    // What a disk takes is no difference between the two.
    let began = Instant::now();
    for (i, at) in places.iter().enumerate() {
        if goes_on(i, began) {
            bare.run(&ready, at).await;
            drop(ask(database, database.large, case, at).await);
        }
    }
    let began = Instant::now();
    let mut round = 0;
    while goes_on(round, began) {
        // Each has every place as often, and none where the other has just been.
        let here = &places[round % places.len()];
        let there = &places[(round + places.len() / 2) % places.len()];
        if round.is_multiple_of(2) {
            service.push(timed(ask(database, database.large, case, here)).await.0);
            take(bare, (&ready, case), there, (&mut plain, &mut owned)).await;
        } else {
            take(bare, (&ready, case), there, (&mut plain, &mut owned)).await;
            service.push(timed(ask(database, database.large, case, here)).await.0);
        }
        round += 1;
    }
    let (blocks, scans) = bare.explain(&ready, &places[0]).await;
    let call = |i: usize| ask(database, database.large, case, &places[i % places.len()]);
    let touched = buffers(database, bare.db(), call).await;
    // Probed for no longer than five seconds.
    let micros = |took: Duration| format!("{:.0}", took.as_secs_f64() * 1e6);
    let trigrams = ready.trigrams.map(micros).unwrap_or_default();
    let (service, plain, owned) = (
        Quantiles::of(service),
        Quantiles::of(plain),
        Quantiles::of(owned),
    );
    println!(
        "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.2}× | {:.2}× | {:.2}× | {:.2}× | {touched:.0} | {blocks} | {trigrams} | {scans} |",
        case.name,
        service.p50,
        service.p99,
        plain.p50,
        plain.p99,
        service.p50 / plain.p50,
        service.p99 / plain.p99,
        service.p50 / owned.p50,
        service.p99 / owned.p99,
    );
}

/// The bare query once: its time, and its time with the columns read.
async fn take(
    bare: &mut Bare,
    (ready, case): (&Ready, &Case),
    at: &Cursor,
    (plain, owned): (&mut Vec<Duration>, &mut Vec<Duration>),
) {
    let start = Instant::now();
    let rows = bare.run(ready, at).await;
    plain.push(start.elapsed());
    if case.work != Work::Count {
        read(&rows);
    }
    owned.push(start.elapsed());
}

/// The same operation in the large account and in the small one of the same database, in turn.
async fn against_small(database: &Database, places: &[Cursor]) {
    println!(
        "\n| service, p50 | {} members | 1,000 members | ratio |",
        database.members
    );
    println!("| --- | --: | --: | --: |");
    let cases = orders().into_iter().chain(searches(database.members));
    let compared = |case: &Case| {
        case.query.sort != Sort::Role
            && matches!(
                case.work,
                Work::Page(Place::First | Place::Last | Place::After)
            )
            && wanted(&case.name)
    };
    for case in cases.filter(compared) {
        let (mut large, mut small) = (Vec::new(), Vec::new());
        let began = Instant::now();
        let mut round = 0;
        while goes_on(round, began) {
            let at = &places[round % places.len()];
            let (took, rows) = timed(ask(database, database.large, &case, at)).await;
            if rows.is_err() {
                break;
            }
            large.push(took);
            small.push(timed(ask(database, database.small, &case, at)).await.0);
            round += 1;
        }
        let (large, small) = (Quantiles::of(large).p50, Quantiles::of(small).p50);
        println!(
            "| {} | {large:.0} | {small:.0} | {:.2}× |",
            case.name,
            large / small
        );
    }
}
