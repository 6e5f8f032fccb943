//! Limits: each buffer that is too small is refused by its name, and a device's buffers hold what
//! they are meant for.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use mote_translate::{
    Buffers, Control, Entry, Error, Failure, LocalRun, Options, Rule, Workspace, translate,
};
use mote_translate_suite::{Audit, DeviceWorkspace, HostWorkspace, translated};

fn rule(wasm: &[u8], buffers: Buffers<'_>) -> Rule {
    translated(wasm, buffers, &mut Audit::default())
        .unwrap_err()
        .rule
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A module with so many functions of one type each, all exported.
fn large(functions: usize, types: usize) -> Vec<u8> {
    let mut text = String::from("(module (memory 1) (table 4 funcref) (global i32 (i32.const 1))");
    for at in 0..types {
        text += &format!("(type $t{at} (func {}))", "(param i32)".repeat(at));
    }
    for at in 0..functions {
        text += &format!("(func (export \"f{at}\") (type $t{}) nop)", at % types);
    }
    wat(&(text + ")"))
}

/// Blocks nested so deep, the function's body included.
fn nested(depth: usize) -> Vec<u8> {
    let inner = depth - 1;
    wat(&format!(
        "(module (func {} {}))",
        "(block ".repeat(inner),
        ")".repeat(inner)
    ))
}

#[test]
fn device_buffers_hold_what_a_device_should() {
    println!("device buffers: {} bytes", size_of::<DeviceWorkspace>());
    assert!(size_of::<DeviceWorkspace>() <= 2560);
    let mut workspace = DeviceWorkspace::new();
    for entry in std::fs::read_dir(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../engine-suite/workloads"
    ))
    .unwrap()
    {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let wasm = std::fs::read(&path).unwrap();
            translated(&wasm, workspace.buffers(), &mut Audit::default()).unwrap();
        }
    }
    translated(&nested(33), workspace.buffers(), &mut Audit::default()).unwrap();
    // 128 functions of 32 types; the names of 16 exports.
    let text: String = (0..32)
        .map(|at| format!("(type (func {}))", "(param i64)".repeat(at)))
        .collect();
    let functions: String = (0..128)
        .map(|at| {
            let export = if at % 8 == 0 {
                format!("(export \"f{at}\")")
            } else {
                String::new()
            };
            format!("(func {export} (type {}) nop)", at % 32)
        })
        .collect();
    let wasm = wat(&format!(
        "(module {text} (memory 1) (table 4 funcref) {functions})"
    ));
    translated(&wasm, workspace.buffers(), &mut Audit::default()).unwrap();
}

#[test]
fn index_too_small_is_refused_by_name() {
    let wasm = large(20, 10);
    // 10 types, 5 for functions, a table, a bit set, a global: 18, and 20 for the exports' names.
    let mut small = Workspace::<37, 8, 16, 16>::new();
    assert_eq!(rule(&wasm, small.buffers()), Rule::IndexBuffer);
    let mut enough = Workspace::<38, 8, 16, 16>::new();
    translated(&wasm, enough.buffers(), &mut Audit::default()).unwrap();
    let mut none = Workspace::<0, 8, 16, 16>::new();
    assert_eq!(rule(&wasm, none.buffers()), Rule::IndexBuffer);
}

#[test]
fn nesting_too_deep_is_refused_by_name() {
    let mut workspace = Workspace::<8, 4, 16, 16>::new();
    assert_eq!(rule(&nested(5), workspace.buffers()), Rule::ControlBuffer);
    translated(&nested(4), workspace.buffers(), &mut Audit::default()).unwrap();
}

#[test]
fn operands_too_many_are_refused_by_name() {
    let wasm =
        wat("(module (func (drop (i32.add (i32.const 1) (i32.add (i32.const 2) (i32.const 3))))))");
    let mut small = Workspace::<8, 4, 2, 4>::new();
    assert_eq!(rule(&wasm, small.buffers()), Rule::OperandBuffer);
    let mut enough = Workspace::<8, 4, 3, 4>::new();
    translated(&wasm, enough.buffers(), &mut Audit::default()).unwrap();
}

#[test]
fn runs_of_locals_too_many_are_refused_by_name() {
    let wasm = wat("(module (func (param i32 i32) (local i32 i32 i64 i32)))");
    let mut small = Workspace::<8, 4, 2, 2>::new();
    assert_eq!(rule(&wasm, small.buffers()), Rule::LocalBuffer);
    let mut enough = Workspace::<8, 4, 2, 3>::new();
    translated(&wasm, enough.buffers(), &mut Audit::default()).unwrap();
}

#[test]
fn constants_too_deep_are_refused_by_name() {
    let text = format!(
        "(module (global i32 {} {}))",
        "i32.const 1 ".repeat(17),
        "i32.add ".repeat(16)
    );
    let mut workspace = DeviceWorkspace::new();
    assert_eq!(rule(&wat(&text), workspace.buffers()), Rule::ConstantDepth);
}

#[test]
fn parameters_too_many_are_refused_by_name() {
    let mut wasm = b"\0asm\x01\0\0\0\x01".to_vec();
    // A section of one type with 1001 parameters.
    wasm.extend([0xee, 0x07, 1, 0x60, 0xe9, 0x07]);
    wasm.extend([0x7f; 1001]);
    wasm.push(0);
    let mut workspace = HostWorkspace::default();
    assert_eq!(rule(&wasm, workspace.buffers()), Rule::TypeSize);
}

#[test]
fn floats_are_refused_by_name_where_they_are_left_out() {
    let mut workspace = DeviceWorkspace::new();
    for text in [
        "(module (func (param f32)))",
        "(module (func (local f64)))",
        "(module (func (drop (f32.const 0))))",
        "(module (func (block (result f32) (unreachable)) (drop)))",
        "(module (memory 1) (func (drop (i32.reinterpret_f32 (unreachable)))))",
        "(module (memory 1) (func (f32.store (unreachable))))",
        "(module (global f64 (f64.const 0)))",
    ] {
        let done = translate(
            &wat(text),
            Options { floats: false },
            workspace.buffers(),
            &mut Audit::default(),
        );
        let Err(Failure::Rejected(Error { rule, .. })) = done else {
            panic!("{text}")
        };
        assert_eq!(rule, Rule::Floats, "{text}");
    }
}

#[test]
fn host_buffers_hold_what_real_programs_have() {
    let mut workspace = HostWorkspace::default();
    translated(&nested(3500), workspace.buffers(), &mut Audit::default()).unwrap();
    let locals = wat(&format!(
        "(module (func (local {})))",
        "i32 i64 ".repeat(25_000)
    ));
    translated(&locals, workspace.buffers(), &mut Audit::default()).unwrap();
    let body = wat(&format!(
        "(module (func (local i32) {}))",
        "(local.set 0 (i32.const 7))".repeat(1_000_000)
    ));
    assert!(body.len() > 4_000_000);
    translated(&body, workspace.buffers(), &mut Audit::default()).unwrap();
}

#[test]
fn errors_say_where() {
    let mut workspace = DeviceWorkspace::new();
    let wasm = wat("(module (func (param i32) (drop (i64.eqz (local.get 0)))))");
    let error = translated(&wasm, workspace.buffers(), &mut Audit::default()).unwrap_err();
    let at = wasm.iter().position(|&byte| byte == 0x50).unwrap();
    assert_eq!(
        (error.rule, error.offset as usize),
        (Rule::TypeMismatch, at)
    );
}

#[test]
fn buffers_of_garbage_do_as_well() {
    let mut index = [0xffff_ffff; 64];
    let mut controls = [Control::EMPTY; 8];
    let mut operands = [Entry::EMPTY; 16];
    let mut locals = [LocalRun::EMPTY; 8];
    let buffers = Buffers {
        index: &mut index,
        controls: &mut controls,
        operands: &mut operands,
        locals: &mut locals,
    };
    translated(&large(10, 5), buffers, &mut Audit::default()).unwrap();
}

#[test]
fn hostile_modules_take_a_bounded_time() {
    let mut workspace = HostWorkspace::default();
    // Each function has 50,000 locals in four bytes; each `local.set` has 10,000 operands below
    // it, the lowest of them lazy; each block is entered above them.
    let locals = "(local ".to_string() + &"i32 ".repeat(50_000) + ")";
    let many = format!("(module {})", format!("(func {locals})").repeat(200));
    let sets = format!(
        "(module (func (param i32) local.get 0 {} {} unreachable))",
        "memory.size ".repeat(10_000),
        "(local.set 0 (i32.const 1)) block end ".repeat(20_000)
    );
    let sets = sets.replace("(module ", "(module (memory 1) ");
    let references = "i32 externref ".repeat(25_000);
    let alternating = format!("(module (func (local {references})))");
    for text in [many, sets, alternating] {
        let wasm = wat(&text);
        let begin = std::time::Instant::now();
        translated(&wasm, workspace.buffers(), &mut Audit::default()).unwrap();
        let took = begin.elapsed();
        println!("{} bytes in {took:?}", wasm.len());
        assert!(took.as_secs() < 5, "{took:?}");
    }
}
