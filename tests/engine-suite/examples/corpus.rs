//! Writes what the fuzzers begin with: `corpus FOLDER` makes a folder in it for each target.

use mote_engine_suite::Random;
use mote_engine_suite::fuzz::{images, seeds};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_default();
    let folder = Path::new(&folder);
    let write = |target: &str, number: usize, bytes: &[u8]| {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("seed-{number}")), bytes)
    };
    for (number, seed) in seeds().iter().enumerate() {
        write("translate", number, seed)?;
    }
    for (number, image) in images().iter().enumerate() {
        let choice = u8::try_from(number).unwrap_or(0);
        write("verify", number, &[choice, 0, 0, 0])?;
        // As it is: no image has that number.
        write(
            "verify",
            100 + number,
            &[&[0xff], image.as_slice()].concat(),
        )?;
    }
    for number in 0..40 {
        let mut random = Random::new(number);
        let bytes = random.bytes(1500);
        write("engine", usize::try_from(number).unwrap_or(0), &bytes)?;
    }
    Ok(())
}
