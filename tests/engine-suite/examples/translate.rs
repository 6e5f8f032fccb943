//! Translates a module to an image, and prints the image's code if asked to.
//!
//! `translate FILE.wasm FILE.img [--disassemble]`

#![expect(clippy::print_stdout, reason = "that is its output")]

use mote_image::{INSTRUCTIONS, Image, Instruction};
use std::collections::BTreeMap;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, rest @ ..] = arguments.as_slice() else {
        println!("translate FILE.wasm FILE.img [--disassemble]");
        return;
    };
    let wasm = std::fs::read(from).expect("the module is read");
    let image = mote_engine_suite::to_image(&wasm).expect("the module is translated");
    std::fs::write(to, &image).expect("the image is written");
    if rest.is_empty() {
        return;
    }
    let verified = mote_engine_suite::verified(&image).expect("the image is verified");
    let image: &Image<'_> = verified.image();
    println!("{:#?}", image.header());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for index in 0..usize::from(image.header().functions) {
        let Some(function) = image.function(index) else {
            break;
        };
        println!("function {index}: {function:?}");
        let end = image
            .function(index + 1)
            .map_or(image.header().code_bytes, |next| next.code);
        let mut at = function.code as usize;
        while at < end as usize {
            let Some(code) = image.code().get(at..end as usize) else {
                break;
            };
            let Some(instruction) = Instruction::decode(code) else {
                break;
            };
            println!("  {at:6} {instruction}");
            *counts
                .entry(INSTRUCTIONS[usize::from(instruction.opcode)].name)
                .or_default() += 1;
            at += instruction.length();
        }
    }
    for (name, count) in counts {
        println!("{count:6} {name}");
    }
}
