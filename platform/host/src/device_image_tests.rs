//! Tests of `device_image`, with small firmwares that are written word by word.

use object::read::elf::{ElfFile32, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, elf};

use super::*;

const CODE: &[u8] = b"the firmware's code.";
const CODE_ADDRESS: u32 = 0;
const DATA_ADDRESS: u32 = 0x2000_0000;

/// Writes a firmware: two segments (code and, elsewhere, data that takes no room in the file), and
/// symbols of these names and addresses.
fn firmware(symbols: &[(&str, u32)]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut file: Vec<u8> = b"\x7fELF\x01\x01\x01".to_vec();
    file.resize(52, 0);
    let segments_at = file.len();
    let code_at = segments_at + 2 * 32;
    let (code_offset, code_length) = (u32::try_from(code_at).unwrap(), 20);
    let segments: Vec<u8> = words(&[
        1,
        code_offset,
        CODE_ADDRESS,
        CODE_ADDRESS,
        code_length,
        code_length,
        5,
        4, //
        1,
        code_offset,
        DATA_ADDRESS,
        DATA_ADDRESS,
        0,
        64,
        6,
        4,
    ]);
    file.extend(segments);
    file.extend(CODE);

    let mut strings = b"\0".to_vec();
    let mut table: Vec<u8> = words(&[0; 4]);
    for (name, address) in symbols {
        let name_at = u32::try_from(strings.len()).unwrap();
        strings.extend(name.bytes().chain([0]));
        // Global, absolute.
        let symbol: Vec<u8> = words(&[name_at, *address, 0, 0xfff1_0010]);
        table.extend(symbol);
    }
    let names = b"\0.text\0.symtab\0.strtab\0.shstrtab\0";
    let mut place = |bytes: &[u8]| {
        let at = u32::try_from(file.len()).unwrap();
        file.extend(bytes);
        (at, u32::try_from(bytes.len()).unwrap())
    };
    let (table_at, table_length) = place(&table);
    let (strings_at, strings_length) = place(&strings);
    let (names_at, names_length) = place(names);
    let sections: Vec<u8> = words(&[
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0, //
        1,
        1,
        6,
        CODE_ADDRESS,
        code_offset,
        code_length,
        0,
        0,
        4,
        0, //
        7,
        2,
        0,
        0,
        table_at,
        table_length,
        3,
        1,
        4,
        16, //
        15,
        3,
        0,
        0,
        strings_at,
        strings_length,
        0,
        0,
        1,
        0, //
        23,
        3,
        0,
        0,
        names_at,
        names_length,
        0,
        0,
        1,
        0,
    ]);
    let (sections_at, _) = place(&sections);

    let halves = |values: &[u16]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let mut header = halves(&[2, 40]);
    let segments_at = u32::try_from(segments_at).unwrap();
    let rest: Vec<u8> = words(&[1, 1, segments_at, sections_at, 0]);
    header.extend(rest);
    header.extend(halves(&[52, 32, 2, 40, 5, 4]));
    file[16..52].copy_from_slice(&header);
    file
}

const REGION: [(&str, u32); 2] = [("__bundle_start", 0x1000), ("__bundle_end", 0x1010)];

/// Returns what an image loads, as address and bytes.
fn loaded(image: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let file = ElfFile32::<Endianness>::parse(image).unwrap();
    let endian = Endianness::Little;
    file.elf_program_headers()
        .iter()
        .filter(|segment| segment.p_type(endian) == elf::PT_LOAD)
        .map(|segment| {
            let data = segment.data(endian, image).unwrap().to_vec();
            (segment.p_paddr(endian), data)
        })
        .collect()
}

#[test]
fn image_loads_firmware_and_bundle_and_keeps_the_rest() {
    let firmware = firmware(&REGION);
    let image = device_image(&firmware, b"bundle").unwrap();
    assert_eq!(
        loaded(&image),
        [
            (CODE_ADDRESS, CODE.to_vec()),
            (0x1000, b"bundle".to_vec()),
            (DATA_ADDRESS, Vec::new()),
        ],
        "ascending by address"
    );
    assert_eq!(image[52..firmware.len()], firmware[52..]);
    let file = ElfFile32::<Endianness>::parse(&*image).unwrap();
    let section = file.section_by_name(".bundle").unwrap();
    assert_eq!((section.address(), section.size()), (0x1000, 6));
    assert_eq!(section.data().unwrap(), b"bundle");
    assert_eq!(file.section_by_name(".text").unwrap().data().unwrap(), CODE);
    let symbol = file.symbol_by_name("__bundle_end").unwrap();
    assert_eq!(symbol.address(), 0x1010);
}

#[test]
fn bundle_that_just_fits_is_taken_and_one_larger_is_refused_with_both_numbers() {
    let firmware = firmware(&REGION);
    assert!(device_image(&firmware, &[7; 16]).is_ok());
    let error = device_image(&firmware, &[7; 17]).unwrap_err().to_string();
    assert!(error.contains("17 bytes"), "{error}");
    assert!(error.contains("room for 16"), "{error}");
}

#[test]
fn firmware_without_the_region_is_refused_by_the_symbols_name() {
    let error = device_image(&firmware(&REGION[..1]), b"bundle").unwrap_err();
    assert!(format!("{error:#}").contains("__bundle_end"), "{error:#}");
    let backwards = [("__bundle_start", 0x1010), ("__bundle_end", 0x1000)];
    assert!(device_image(&firmware(&backwards), b"bundle").is_err());
}

#[test]
fn firmware_that_uses_the_region_is_refused() {
    let inside = [("__bundle_start", 0x10), ("__bundle_end", 0x1000)];
    let error = device_image(&firmware(&inside), b"bundle").unwrap_err();
    assert!(format!("{error:#}").contains("uses the module's region"));
    let variables = [
        ("__bundle_start", 0x2000_0020),
        ("__bundle_end", 0x2000_1000),
    ];
    assert!(device_image(&firmware(&variables), b"bundle").is_err());
}

#[test]
fn file_that_is_no_firmware_is_refused() {
    let firmware = firmware(&REGION);
    for length in 0..firmware.len() {
        assert!(device_image(&firmware[..length], b"bundle").is_err());
    }
    let mut big_endian = firmware.clone();
    big_endian[5] = 2;
    assert!(device_image(&big_endian, b"bundle").is_err());
    let mut other_class = firmware;
    other_class[4] = 2;
    assert!(device_image(&other_class, b"bundle").is_err());
}

#[test]
fn image_of_an_image_is_refused() {
    let image = device_image(&firmware(&REGION), b"bundle").unwrap();
    assert!(device_image(&image, b"bundle").is_err());
}
