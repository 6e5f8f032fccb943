//! The ten workloads, with their arguments and the results of native code.

/// A workload: `run` takes a number and gives one.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name.
    pub name: &'static str,
    /// The module.
    pub wasm: &'static [u8],
    /// What it is called with.
    pub argument: i32,
    /// What native code returns then.
    pub result: u32,
}

macro_rules! workloads {
    ($($name:literal: $argument:literal => $result:literal,)*) => {
        [$(Workload {
            name: $name,
            wasm: include_bytes!(concat!("../workloads/", $name, ".wasm")),
            argument: $argument,
            result: $result,
        },)*]
    };
}

/// All of them.
pub const WORKLOADS: [Workload; 10] = workloads! {
    "fib": 18 => 2584,
    "crc32": 20 => 3_884_199_554,
    "sieve": 4 => 1028,
    "sha256": 2 => 1_285_909_751,
    "fir": 2 => 744,
    "heapsort": 4 => 1_957_067_839,
    "lz": 3 => 1_297_121_167,
    "words": 4 => 1_381_828_143,
    "biquad": 10 => 81_837,
    "siphash": 12 => 1_911_868_904,
};
