//! The bundle's region: where a module lies beside the firmware, as memory.x says.

/// Returns the region of flash that is set apart for a bundle. Empty where there is no board.
#[must_use]
pub fn bundle_region() -> &'static [u8] {
    #[cfg(target_os = "none")]
    {
        unsafe extern "C" {
            static __bundle_start: u8;
            static __bundle_end: u8;
        }
        let start = &raw const __bundle_start;
        let end = &raw const __bundle_end;
        let length = end.addr().wrapping_sub(start.addr());
        // SAFETY: memory.x sets the region apart: it is memory, nothing of the program lies in it,
        // and nothing writes to it while the firmware runs.
        unsafe { core::slice::from_raw_parts(start, length) }
    }
    #[cfg(not(target_os = "none"))]
    &[]
}
