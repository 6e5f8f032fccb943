//! The engine's budgets, each with what was found.

use super::Row;
use super::flash::Flash;
use super::report::{self, Budget, ratio};
use super::translation::{self, Translated};

/// Returns every budget. Flash is counted beside the compiler's library (memory moves, division),
/// which every firmware has; `Flash::table` shows it.
#[expect(clippy::cast_precision_loss, reason = "bytes, far below 2^52")]
pub(super) fn budgets(ten: &[Row], flash: &Flash, translated: &[Translated]) -> Vec<Budget> {
    let budget = |what: &str, limit: f64, goal: Option<f64>, found: Option<f64>, unit| Budget {
        what: what.to_owned(),
        limit,
        goal,
        found,
        unit,
    };
    let bytes = |with: u64, without: u64| Some(with.saturating_sub(without) as f64);
    let kib = |count: u32| f64::from(count * 1024);
    let most = |part: &dyn Fn(&Row) -> f64| ten.iter().map(part).reduce(f64::max);
    let native = |row: &Row| row.workload.native.instructions;
    let speed = |row: &Row| ratio(row.mote.instructions, native(row));
    let cycles = |row: &Row| Some(ratio(row.mote.cycles?, row.native_cycles()?));
    let total = |part: &dyn Fn(&Row) -> u64| ten.iter().map(part).sum::<u64>();
    let over_start = |row: &Row| {
        let allowed = 3_000.0 + 0.5 * row.memory_bytes as f64 + row.sizes.data_bytes as f64;
        row.start as f64 / allowed
    };
    let image_ratio = ratio(
        total(&|row| row.image_bytes),
        total(&|row| row.sizes.code_bytes),
    );
    let differing = ten.iter().filter(|row| row.starts_differ).count();
    vec![
        budget(
            "flash: engine without floats, the compiler's library apart",
            kib(22),
            Some(kib(16)),
            bytes(flash.engine, flash.library),
            "bytes",
        ),
        budget(
            "flash: engine with floats, the compiler's library apart",
            kib(32),
            None,
            bytes(flash.floats, flash.library),
            "bytes",
        ),
        budget(
            "flash: verify",
            kib(4),
            None,
            bytes(flash.verify, flash.floats),
            "bytes",
        ),
        budget(
            "flash: translate, the compiler's library apart",
            kib(24),
            None,
            bytes(flash.translate, flash.library),
            "bytes",
        ),
        budget(
            "RAM of an instance beside memory and frames",
            512.0,
            None,
            most(&|row| row.ram_bytes as f64),
            "bytes",
        ),
        budget(
            "RAM of a translation on the board, native stack included",
            kib(6),
            None,
            translation::most_ram_bytes(translated).map(|bytes| bytes as f64),
            "bytes",
        ),
        budget(
            "modules that the board's translator refuses",
            0.0,
            None,
            Some(translation::refused(translated) as f64),
            "",
        ),
        budget(
            "start: of 3,000 instructions + 0.5 a byte zeroed + 1 a byte copied",
            1.0,
            None,
            most(&over_start),
            "times",
        ),
        budget(
            "start: workloads whose ten starts differ",
            0.0,
            None,
            Some(differing as f64),
            "",
        ),
        budget(
            "integrity check, a byte",
            10.0,
            None,
            most(&|row| ratio(row.check, row.image_bytes)),
            "instructions",
        ),
        budget(
            "speed: mean of the ten, x native",
            8.4,
            Some(7.0),
            report::mean(ten.iter().map(|row| Some(speed(row)))),
            "",
        ),
        budget(
            "speed: the slowest of the ten, x native",
            12.0,
            None,
            most(&speed),
            "",
        ),
        budget(
            "modelled cycles: mean of the ten, x native",
            9.0,
            Some(7.5),
            report::mean(ten.iter().map(cycles)),
            "",
        ),
        budget(
            "image, x code section, over the ten",
            1.3,
            None,
            Some(image_ratio),
            "",
        ),
    ]
}
