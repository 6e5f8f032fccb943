//! How much flash and RAM a firmware takes, from its ELF file.
//!
//! Flash is all that is loaded: code, constants, and the first values of variables. RAM is all
//! that is fixed before the first instruction runs: variables with first values, zeroed ones, and
//! those left as they are. The stack is not in the file, so it is not counted.

use std::fs;
use std::path::Path;

use object::read::elf::{ElfFile32, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, Object as _, ObjectSection as _, elf};

use crate::error::Error;

/// A part of a firmware that takes memory on the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name in the file.
    pub name: String,
    /// Where it lies when it is used.
    pub address: u64,
    /// How long it is.
    pub size_bytes: u64,
    /// Whether it takes flash.
    pub in_flash: bool,
    /// Whether it takes RAM.
    pub in_ram: bool,
}

/// The memory that a firmware takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// The flash that it fills.
    pub flash_bytes: u64,
    /// The RAM that is spoken for before it starts, without the stack.
    pub ram_bytes: u64,
    /// What that is made of, by address.
    pub sections: Vec<Section>,
}

impl Footprint {
    /// Reads the footprint of an ELF file.
    ///
    /// # Errors
    /// If the file cannot be read or is not a 32-bit ELF.
    pub fn of_file(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(|source| Error::File {
            action: "read",
            path: path.to_path_buf(),
            source,
        })?;
        Self::of_elf(&bytes).map_err(|error| Error::Elf {
            path: path.to_path_buf(),
            why: error.to_string(),
        })
    }

    /// Reads the footprint of an ELF file in memory.
    ///
    /// # Errors
    /// If it is not a 32-bit ELF file.
    fn of_elf(bytes: &[u8]) -> Result<Self, object::read::Error> {
        let file = ElfFile32::<Endianness>::parse(bytes)?;
        let endian = file.endian();
        let mut sections = Vec::new();
        for section in file.sections() {
            let header = section.elf_section_header();
            let has = |flag| header.sh_flags(endian) & flag == flag;
            if !has(elf::SHF_ALLOC) || section.size() == 0 {
                continue;
            }
            let in_flash = header.sh_type(endian) != elf::SHT_NOBITS;
            let in_ram = has(elf::SHF_WRITE) || !in_flash || is_moved(&file, section.address());
            sections.push(Section {
                name: section.name()?.to_owned(),
                address: section.address(),
                size_bytes: section.size(),
                in_flash,
                in_ram,
            });
        }
        sections.sort_by_key(|section| section.address);
        let sum = |chosen: fn(&Section) -> bool| {
            sections
                .iter()
                .filter(|section| chosen(section))
                .map(|section| section.size_bytes)
                .sum()
        };
        Ok(Self {
            flash_bytes: sum(|section| section.in_flash),
            ram_bytes: sum(|section| section.in_ram),
            sections,
        })
    }
}

/// Tells whether what lies at an address is loaded at another and copied there: code in RAM.
fn is_moved(file: &ElfFile32<'_, Endianness>, address: u64) -> bool {
    let endian = file.endian();
    file.elf_program_headers().iter().any(|segment| {
        let start = u64::from(segment.p_vaddr(endian));
        let end = start + u64::from(segment.p_memsz(endian));
        segment.p_type(endian) == elf::PT_LOAD
            && (start..end).contains(&address)
            && segment.p_paddr(endian) != segment.p_vaddr(endian)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Footprint;

    const ALLOCATED: u32 = 2;
    const WRITTEN: u32 = 1;
    const CODE: u32 = 4;
    const IN_FILE: u32 = 1;
    const ZEROED: u32 = 8;

    /// Name, type, flags, address, length.
    type Row = (&'static str, u32, u32, u32, u32);

    const FIRMWARE: [Row; 6] = [
        (".text", IN_FILE, ALLOCATED | CODE, 0x0000_0100, 1000),
        (".rodata", IN_FILE, ALLOCATED, 0x0000_0500, 200),
        (".data", IN_FILE, ALLOCATED | WRITTEN, 0x2000_0000, 30),
        (".bss", ZEROED, ALLOCATED | WRITTEN, 0x2000_0020, 400),
        (".fast", IN_FILE, ALLOCATED | CODE, 0x2000_1000, 50),
        (".comment", IN_FILE, 0, 0, 77),
    ];

    /// Writes an ELF file of these sections. Its one segment holds the last code section, which
    /// is loaded elsewhere than where it runs.
    fn elf(rows: &[Row]) -> Vec<u8> {
        const HEADER: u32 = 52;
        const SEGMENT: u32 = 32;
        let mut names = b"\0.names\0".to_vec();
        let mut sections = [0_u32; 10].to_vec();
        for (name, kind, flags, address, length) in rows {
            let name_at = u32::try_from(names.len()).unwrap();
            names.extend(name.bytes().chain([0]));
            sections.extend([name_at, *kind, *flags, *address, 0, *length, 0, 0, 1, 0]);
        }
        let names_length = u32::try_from(names.len()).unwrap();
        sections.extend([1, 3, 0, 0, HEADER + SEGMENT, names_length, 0, 0, 1, 0]);
        names.resize(names.len().next_multiple_of(4), 0);
        let sections_at = HEADER + SEGMENT + u32::try_from(names.len()).unwrap();
        let count = u16::try_from(rows.len() + 2).unwrap();

        let mut file = b"\x7fELF\x01\x01\x01".to_vec();
        file.resize(16, 0);
        file.extend([2, 0, 40, 0]);
        file.extend(
            [1, 0x101, HEADER, sections_at, 0]
                .map(u32::to_le_bytes)
                .concat(),
        );
        file.extend(
            [52, 32, 1, 40, count, count - 1]
                .map(u16::to_le_bytes)
                .concat(),
        );
        let segment = [1, 0, 0x2000_1000, 0x0000_0600, 50, 50, 5, 4];
        file.extend(segment.map(u32::to_le_bytes).concat());
        file.extend(names);
        file.extend(sections.iter().flat_map(|word| word.to_le_bytes()));
        file
    }

    #[test]
    fn footprint_counts_first_values_twice_and_zeroed_memory_once() {
        let footprint = Footprint::of_elf(&elf(&FIRMWARE)).unwrap();
        assert_eq!(footprint.flash_bytes, 1000 + 200 + 30 + 50);
        assert_eq!(footprint.ram_bytes, 30 + 400 + 50);
        let names: Vec<_> = footprint
            .sections
            .iter()
            .map(|section| section.name.as_str())
            .collect();
        assert_eq!(names, [".text", ".rodata", ".data", ".bss", ".fast"]);
    }

    #[test]
    fn file_that_is_no_elf_is_refused_by_name() {
        assert!(Footprint::of_elf(b"no").is_err());
        let whole = elf(&FIRMWARE);
        assert!(Footprint::of_elf(&whole[..60]).is_err());
        let error = Footprint::of_file(Path::new("/no/such/file")).unwrap_err();
        assert!(error.to_string().contains("/no/such/file"));
    }
}
