//! Puts a bundle into a firmware's ELF file, so that both are flashed or booted as one.
//!
//! The firmware is linked once, with a region for the bundle that only has symbols
//! (`__bundle_start`, `__bundle_end`). What is made here is the same file with one more segment and
//! one more section there. All of the firmware's own bytes stay where they are, debug information
//! included; only new tables, which name the addition too, are put at the end and the file header
//! points to them:
//!
//! ```text
//!   file header | the firmware as it was ... | bundle | segments | section names | sections
//! ```
//!
//! Loaders go by segments (QEMU), debuggers by sections (gdb's `load`), flash tools by both
//! (probe-rs leaves out a segment without a section); hence both.
//!
//! It refuses what is not a 32-bit little-endian ELF program, a firmware without the region, a
//! bundle that does not fit, and a region that the firmware itself uses.

use anyhow::{Context as _, Result, bail, ensure};
use object::LittleEndian;
use object::elf;
use object::read::elf::{FileHeader as _, ProgramHeader as _, Sym as _};

type Header = elf::FileHeader32<LittleEndian>;

/// The first address of the region.
const START_SYMBOL: &str = "__bundle_start";
/// The first address after the region.
const END_SYMBOL: &str = "__bundle_end";
/// The name of the new section.
const SECTION_NAME: &[u8] = b".bundle\0";

/// Alignment of what is appended, in the file. The region is aligned at least as much.
const ALIGNMENT: u32 = 8;

// Offsets of fields in the file header and of words in the entries of its tables, and the sizes of
// those: System V ABI, chapter 4, "ELF Header", "Sections", and chapter 5, "Program Header".
const SEGMENT_TABLE_OFFSET: usize = 28;
const SECTION_TABLE_OFFSET: usize = 32;
const SEGMENT_COUNT: usize = 44;
const SECTION_COUNT: usize = 48;
const SEGMENT_BYTES: usize = 32;
const SECTION_BYTES: usize = 40;
const SECTION_OFFSET_WORD: usize = 4;
const SECTION_SIZE_WORD: usize = 5;

/// Makes one flashable file of a firmware's ELF file and a bundle.
///
/// # Errors
///
/// Where the firmware is not one with a region for bundles, or the bundle does not fit there.
pub(crate) fn device_image(firmware: &[u8], bundle: &[u8]) -> Result<Vec<u8>> {
    let layout = Layout::of(firmware).context(
        "the firmware's ELF file cannot take a module: build the firmware anew, and if that does \
         not help, report it",
    )?;
    let Region { start, end } = layout.region;
    let room = end - start;
    let length = u32::try_from(bundle.len())
        .ok()
        .filter(|&length| length <= room);
    let Some(length) = length else {
        bail!(
            "the module with its manifest takes {} bytes, but the board has room for {room} \
             ({START_SYMBOL} {start:#010x} to {END_SYMBOL} {end:#010x}): make the module smaller",
            bundle.len(),
        );
    };

    let mut image = firmware.to_vec();
    let bundle_offset = append(&mut image, bundle)?;

    let mut segments = layout.segments;
    // Ascending by address, as the ABI wants it.
    let place = segments
        .iter()
        .position(|segment| word(segment, 0) == elf::PT_LOAD.0 && word(segment, 2) > start)
        .unwrap_or(segments.len());
    let words = [
        elf::PT_LOAD.0,
        bundle_offset,
        start,
        start,
        length,
        length,
        elf::PF_R.0,
        ALIGNMENT,
    ];
    segments.insert(place, words.map(u32::to_le_bytes).concat());
    let segment_table = append(&mut image, &segments.concat())?;

    let mut names = layout.section_names;
    let name = u32::try_from(names.len())?;
    names.extend_from_slice(SECTION_NAME);
    let names_offset = append(&mut image, &names)?;
    let mut sections = layout.sections;
    if let Some(own) = sections.get_mut(layout.section_names_index) {
        put_word(own, SECTION_OFFSET_WORD, names_offset);
        put_word(own, SECTION_SIZE_WORD, u32::try_from(names.len())?);
    }
    let words = [
        name,
        elf::SHT_PROGBITS.0,
        u32::try_from(elf::SHF_ALLOC.0)?,
        start,
        bundle_offset,
        length,
        0,
        0,
        ALIGNMENT,
        0,
    ];
    sections.push(words.map(u32::to_le_bytes).concat());
    let section_table = append(&mut image, &sections.concat())?;

    put(
        &mut image,
        SEGMENT_TABLE_OFFSET,
        &segment_table.to_le_bytes(),
    )?;
    put(
        &mut image,
        SECTION_TABLE_OFFSET,
        &section_table.to_le_bytes(),
    )?;
    let count = u16::try_from(segments.len())?;
    put(&mut image, SEGMENT_COUNT, &count.to_le_bytes())?;
    let count = u16::try_from(sections.len())?;
    put(&mut image, SECTION_COUNT, &count.to_le_bytes())?;
    Ok(image)
}

/// The addresses that are set apart for a bundle.
#[derive(Clone, Copy)]
struct Region {
    start: u32,
    end: u32,
}

/// What has to be known of a firmware's file.
struct Layout {
    region: Region,
    /// Each entry of the segment table.
    segments: Vec<Vec<u8>>,
    /// Each entry of the section table.
    sections: Vec<Vec<u8>>,
    section_names: Vec<u8>,
    section_names_index: usize,
}

impl Layout {
    fn of(firmware: &[u8]) -> Result<Self> {
        let header = Header::parse(firmware).context("it is not a 32-bit ELF file")?;
        let endian = header.endian().context("it is not little-endian")?;
        ensure!(
            header.e_type(endian) == elf::ET_EXEC,
            "it is not a linked program"
        );
        let sections = header.sections(endian, firmware)?;
        let symbols = sections.symbols(endian, firmware, elf::SHT_SYMTAB)?;
        let address_of = |name: &str| {
            let symbol = symbols.iter().find(|symbol| {
                symbol.st_shndx(endian) != elf::SHN_UNDEF
                    && symbol
                        .name(endian, symbols.strings())
                        .is_ok_and(|own| own == name.as_bytes())
            });
            symbol
                .map(|symbol| symbol.st_value(endian))
                .with_context(|| format!("it has no symbol {name}"))
        };
        let region = Region {
            start: address_of(START_SYMBOL)?,
            end: address_of(END_SYMBOL)?,
        };
        ensure!(
            region.start < region.end && region.start.is_multiple_of(ALIGNMENT),
            "{START_SYMBOL} {:#010x} and {END_SYMBOL} {:#010x} are no region",
            region.start,
            region.end
        );
        let segments = header.program_headers(endian, firmware)?;
        for segment in segments {
            let overlaps = |from: u32, bytes: u32| {
                bytes > 0
                    && u64::from(from) < u64::from(region.end)
                    && u64::from(from) + u64::from(bytes) > u64::from(region.start)
            };
            let at_load = overlaps(segment.p_paddr(endian), segment.p_filesz(endian));
            let at_run = overlaps(segment.p_vaddr(endian), segment.p_memsz(endian));
            ensure!(
                segment.p_type(endian) != elf::PT_LOAD || !(at_load || at_run),
                "it uses the module's region itself, at {:#010x}",
                segment.p_paddr(endian)
            );
        }
        let names_index = header.shstrndx(endian, firmware)?;
        let names = sections.section(object::SectionIndex(usize::try_from(names_index)?))?;
        let section_names =
            object::read::elf::SectionHeader::data(names, endian, firmware)?.to_vec();
        let table = |offset: u32, count: usize, size: usize, what: &str| {
            let start = usize::try_from(offset)?;
            let bytes = firmware
                .get(start..start.saturating_add(count * size))
                .with_context(|| format!("its table of {what} is cut off"))?;
            anyhow::Ok(bytes.chunks_exact(size).map(<[u8]>::to_vec).collect())
        };
        Ok(Self {
            region,
            segments: table(
                header.e_phoff(endian),
                segments.len(),
                SEGMENT_BYTES,
                "segments",
            )?,
            sections: table(
                header.e_shoff(endian),
                sections.len(),
                SECTION_BYTES,
                "sections",
            )?,
            section_names,
            section_names_index: usize::try_from(names_index)?,
        })
    }
}

/// Appends bytes, aligned. Returns their offset in the file.
fn append(image: &mut Vec<u8>, bytes: &[u8]) -> Result<u32> {
    let alignment = usize::try_from(ALIGNMENT)?;
    image.resize(image.len().next_multiple_of(alignment), 0);
    let offset = u32::try_from(image.len()).context("the file would be longer than 4 GB")?;
    image.extend_from_slice(bytes);
    Ok(offset)
}

/// Writes over the bytes at an offset.
fn put(image: &mut [u8], offset: usize, bytes: &[u8]) -> Result<()> {
    image
        .get_mut(offset..offset.saturating_add(bytes.len()))
        .context("the ELF header is cut off")?
        .copy_from_slice(bytes);
    Ok(())
}

/// Returns a 32-bit word of a table's entry.
fn word(entry: &[u8], index: usize) -> u32 {
    entry
        .chunks_exact(4)
        .nth(index)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

/// Writes over a 32-bit word of a table's entry.
fn put_word(entry: &mut [u8], index: usize, value: u32) {
    if let Some(bytes) = entry.chunks_exact_mut(4).nth(index) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
#[path = "device_image_tests.rs"]
mod tests;
