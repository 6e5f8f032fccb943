//! The part that only the device has.

#![expect(
    unsafe_code,
    reason = "registers, and memory that the emulator has filled"
)]

use core::fmt::Write;
use mote_engine::{Engine, ImageEngine, InstanceSize, Step, Value};
use mote_image::{Image, verify};

/// Where the emulator puts the image: after the argument and the image's length.
const IMAGE: usize = 0x2100_0000;
/// CMSDK dual timer 1.
const TIMER: usize = 0x4000_2000;
const UART: usize = 0x4000_4000;
const BLOCK_WORDS: usize = 600_000;

fn read(address: usize) -> u32 {
    // SAFETY: a register of the board.
    unsafe { (address as *const u32).read_volatile() }
}

fn write(address: usize, value: u32) {
    // SAFETY: a register of the board.
    unsafe { (address as *mut u32).write_volatile(value) }
}

struct Uart;

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            while read(UART + 4) & 1 != 0 {}
            write(UART, byte.into());
        }
        Ok(())
    }
}

/// Returns instructions so far, in the timer's steps of 40.
fn now() -> u32 {
    !read(TIMER + 4)
}

fn count<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let before = now();
    let result = work();
    let ticks = now().wrapping_sub(before);
    let _ = writeln!(Uart, "{name} {}", u64::from(ticks) * 40);
    result
}

#[cortex_m_rt::entry]
fn main() -> ! {
    write(UART + 8, 1);
    write(TIMER, u32::MAX);
    write(TIMER + 8, 0x82);
    work();
    let _ = writeln!(Uart, "end");
    exit()
}

/// Returns the memory for the instance, once.
fn block_memory() -> Option<&'static mut [u32; BLOCK_WORDS]> {
    /// After the memory that the firmware itself has.
    const BLOCK: usize = 0x2040_0000;
    // SAFETY: the board has memory there that nobody else uses, and this is called once.
    unsafe { (BLOCK as *mut [u32; BLOCK_WORDS]).as_mut() }
}

fn work() {
    let argument = read(IMAGE).cast_signed();
    let length = read(IMAGE + 4) as usize;
    // SAFETY: the emulator has put the image there, and nobody writes to it.
    let bytes = unsafe { core::slice::from_raw_parts((IMAGE + 8) as *const u8, length) };
    let Ok(image) = Image::open(bytes) else {
        return;
    };
    let good = count("check", || image.check_crc());
    let mut scratch = [0; 4096];
    let verified = count("verify", || verify(image, &mut scratch));
    let (Ok(()), Ok(image)) = (good, verified) else {
        return;
    };
    let mut size = InstanceSize::least(image.image());
    size.stack_words = size.stack_words.max(512);
    let Some(block) = block_memory() else { return };
    block.fill(0xdead_beef);
    let words = size.block_words(image.image()).unwrap_or(0);
    let Ok(mut engine) = count("start", || ImageEngine::start(image, block, size)) else {
        return;
    };
    let _ = writeln!(Uart, "block_words {words}");
    let _ = writeln!(Uart, "memory_bytes {}", engine.memory().len());
    let Some(run) = engine.exported_function("run") else {
        return;
    };
    if engine.call(run, &[Value::I32(argument)]).is_err() {
        return;
    }
    let result = count("run", || match engine.run(1 << 40) {
        Ok(Step::Returned(mut values)) => values.next(),
        _ => None,
    });
    let _ = writeln!(Uart, "fuel {}", engine.fuel_used());
    if let Some(Value::I32(result)) = result {
        let _ = writeln!(Uart, "result {}", result.cast_unsigned());
    }
}

fn exit() -> ! {
    // SAFETY: semihosting's SYS_EXIT, which the emulator answers by ending.
    unsafe {
        core::arch::asm!("bkpt 0xab", in("r0") 0x18, in("r1") 0x20026);
    }
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panicked(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(Uart, "{info}");
    exit()
}
