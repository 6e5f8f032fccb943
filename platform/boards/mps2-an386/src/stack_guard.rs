//! A fault where the stack overflows, instead of silence.
//!
//! The stack lies at the bottom of RAM (`memory.x`). The 16 MB below are reserved on this board
//! (AN386), but an access there need not fault: QEMU reads zeros and drops writes. So
//! the memory protection unit forbids it. Registers: Armv7-M Architecture Reference Manual, B3.5
//! "Protected Memory System Architecture, PMSAv7".

use cortex_m::peripheral::MPU;

/// The guarded range ends where RAM begins.
const GUARD_START: u32 = 0x1f00_0000;

/// `MPU_RBAR.VALID`, with region 0: the write chooses the region too.
const VALID_REGION_0: u32 = 1 << 4;

/// `MPU_RASR`: execute never, no access, 2^(23 + 1) bytes, enabled.
const FORBIDDEN_16_MB: u32 = (1 << 28) | (23 << 1) | 1;

/// `MPU_CTRL`: everything else as without the unit (PRIVDEFENA), enabled.
const ENABLE: u32 = (1 << 2) | 1;

/// Forbids access below the stack.
///
/// # Safety
///
/// Nothing that is used lies there, and nothing else uses the memory protection unit.
pub(crate) unsafe fn set() {
    // SAFETY: the unit is part of every Cortex-M4 of this board, at that address.
    let mpu = unsafe { &*MPU::PTR };
    // SAFETY: the caller guarantees that nothing lies in the range.
    unsafe { mpu.rbar.write(GUARD_START | VALID_REGION_0) };
    // SAFETY: as above.
    unsafe { mpu.rasr.write(FORBIDDEN_16_MB) };
    // SAFETY: region 0 is set up, and the other memory stays as it is.
    unsafe { mpu.ctrl.write(ENABLE) };
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}
