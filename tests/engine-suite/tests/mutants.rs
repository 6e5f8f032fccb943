//! Images that somebody has tampered with are rejected, or run within their block and their fuel.
//!
//! Each mutant is a valid image with bits, bytes or words changed and its CRC made right again. The
//! block lies between guard words. With the feature `checked` the engine asserts each access: run it
//! so as well. `MOTE_MUTANTS` says how many random mutants there are, 20,000 if it is not set.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use mote_engine_suite::fuzz::{Came, everything, images, mutant, run_image, seal};
use mote_engine_suite::{Random, to_image};

#[derive(Default)]
struct Tally {
    all: usize,
    verified: usize,
    ran: usize,
}

impl Tally {
    fn add(&mut self, came: Came) {
        self.all += 1;
        self.verified += usize::from(came >= Came::Accepted);
        self.ran += usize::from(came == Came::Ran);
    }

    fn finish(&self, what: &str) {
        let percent = |part: usize| part * 100 / self.all.max(1);
        println!(
            "{what}: {} mutants, {} ({} %) passed verify, {} ({} %) ran",
            self.all,
            self.verified,
            percent(self.verified),
            self.ran,
            percent(self.ran)
        );
        assert!(self.ran * 10 >= self.all, "too few ran for a test");
    }
}

#[test]
fn images_with_one_bit_changed_are_rejected_or_stay_in_bounds() {
    let image = to_image(&everything()).expect("it is translated");
    assert_eq!(run_image(&image, 1), Came::Ran);
    let mut tally = Tally::default();
    // The CRC itself is not covered, nor what tells an image from another thing: those are refused.
    for bit in 0..image.len() * 8 {
        let mut mutant = image.clone();
        mutant[bit / 8] ^= 1 << (bit % 8);
        if bit / 8 >= 16 {
            seal(&mut mutant);
        }
        let came = run_image(&mutant, bit as u64);
        assert!(bit / 8 >= 16 || came == Came::Refused, "bit {bit}");
        tally.add(came);
    }
    tally.finish("bit by bit");
}

#[test]
fn images_with_random_changes_are_rejected_or_stay_in_bounds() {
    let count: usize = std::env::var("MOTE_MUTANTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    let images = images();
    let mut random = Random::new(0x1234_5678_9abc_def1);
    let mut tally = Tally::default();
    for number in 0..count {
        let mutant = mutant(&images[number % images.len()], &mut random);
        tally.add(run_image(&mutant, number as u64));
    }
    tally.finish("at random");
}

#[test]
fn images_cut_short_or_lengthened_are_rejected_or_run() {
    let image = to_image(&everything()).expect("it is translated");
    for length in 0..image.len() {
        assert_eq!(
            run_image(&image[..length], 0),
            Came::Refused,
            "{length} bytes"
        );
        let mut stated = image[..length].to_vec();
        if let Some(place) = stated.get_mut(8..12) {
            place.copy_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
        }
        seal(&mut stated);
        run_image(&stated, 0);
    }
    let mut longer = image;
    longer.extend([0xff; 7]);
    assert_eq!(
        run_image(&longer, 0),
        Came::Ran,
        "what comes after an image is not its own"
    );
}
