//! The ten workloads give the results that native code gives, on both engines.

use mote_engine::Value;
use mote_engine_suite::{Ending, Instance, Kind, Room, WORKLOADS};

#[test]
fn workloads_give_the_results_of_native_code() {
    for workload in WORKLOADS {
        for kind in Kind::ALL {
            let name = workload.name;
            let instance = Instance::new(kind, workload.wasm, Room::SMALL);
            let mut instance = instance.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let arguments = [Value::I32(workload.argument)];
            let ending = instance.call("run", &arguments, &mut |_, _| panic!("no imports"));
            let wanted = Value::I32(workload.result.cast_signed());
            assert_eq!(ending, Ending::Returned(vec![wanted]), "{name} on {kind:?}");
        }
    }
}
