//! A function's code in the making: a buffer, branches that await their target, and peepholes.
//!
//! Flash cannot be patched, so a function's code is held in RAM until its branches are known.
//! Slots beyond the reach of a byte are fetched to slots within it here, so that nobody else
//! needs to know.

use crate::Limit;
use crate::forms::{Family, Form, Letter, find};
use crate::operators::opposite;
use crate::symbols::Origins;
use mote_image::{Class, Encoded, INSTRUCTIONS, Kind, Shape, opcode};
use mote_translate::Label;

/// Branches that await a label: all those that are single instructions, or entries of one table.
///
/// They are chained through the places for their targets in the code, so that this takes room by
/// the number of labels that are open, not of branches.
#[derive(Clone, Copy, Debug)]
pub struct Fixup {
    /// Where the table begins, or [`NONE`].
    table: u32,
    /// The last of them: an instruction, or an entry.
    last: u32,
    /// Others that await the same label, or the next free one.
    next: u32,
    /// The locals that were written before each of them: two words, for a `u64` would be aligned,
    /// which takes a word more.
    written: [u32; 2],
}

impl Fixup {
    /// What is in the buffer before.
    pub const EMPTY: Self = Self {
        table: NONE,
        last: NONE,
        next: 0,
        written: [0; 2],
    };
}

const NONE: u32 = u32::MAX;

#[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
const fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// How many slots are within reach when a frame is large, to fetch others to.
pub(crate) const LOW_WORDS: u32 = 8;

/// A bit for each instruction.
const WORDS: usize = INSTRUCTIONS.len().div_ceil(32);

/// Instructions that write the accumulator.
static WRITES_ACCUMULATOR: [u32; WORDS] = writes_accumulator();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses what goes wrong"
)]
const fn writes_accumulator() -> [u32; WORDS] {
    let mut writes = [0; WORDS];
    let mut number = 0;
    while number < INSTRUCTIONS.len() {
        let by_class = matches!(
            INSTRUCTIONS[number].class,
            Class::value | Class::slow | Class::float | Class::float_slow
        );
        let by_name = number == opcode::global_get as usize
            || number == opcode::global_get_d as usize
            || number == opcode::call as usize
            || number == opcode::call_import as usize
            || number == opcode::call_indirect as usize;
        if by_class || by_name {
            writes[number / 32] |= 1 << (number % 32);
        }
        number = number.wrapping_add(1);
    }
    writes
}

/// Tells whether an instruction leaves something else in the accumulator.
pub(crate) fn writes(opcode: u16) -> bool {
    let word = WRITES_ACCUMULATOR.get(usize::from(opcode >> 5));
    word.is_some_and(|word| word & 1 << (opcode & 31) != 0)
}

/// The most operands of a form that are not the accumulator.
const VALUES: usize = 4;

/// An instruction's operands, and the form that they make up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operands {
    pub(crate) form: Form,
    /// Where the result goes, if it goes to a slot.
    pub(crate) to: Option<u32>,
    pub(crate) charge: u32,
    values: [u32; VALUES],
    /// How many bytes each takes; those that are used have none.
    bytes: [u8; VALUES],
    count: u8,
}

impl Operands {
    pub(crate) const fn new() -> Self {
        Self {
            form: Form::new(&[]),
            to: None,
            charge: 0,
            values: [0; VALUES],
            bytes: [0; VALUES],
            count: 0,
        }
    }

    #[inline(never)]
    pub(crate) fn of(operands: &[(Letter, u32)], to: Option<u32>) -> Self {
        let mut all = Self::new();
        for &(letter, value) in operands {
            all.put(letter, value);
        }
        all.to = to;
        all
    }

    /// Adds an operand. One with a sign is extended.
    #[inline(never)]
    pub(crate) fn put(&mut self, letter: Letter, value: u32) {
        self.form = self.form.then(letter);
        let at = usize::from(self.count);
        if letter != Letter::K
            && let (Some(place), Some(bytes)) = (self.values.get_mut(at), self.bytes.get_mut(at))
        {
            *place = value;
            *bytes = letter.bytes();
            self.count = self.count.wrapping_add(1);
        }
    }

    pub(crate) fn put_half(&mut self, value: i16) {
        self.put(Letter::H, i32::from(value).cast_unsigned());
    }

    /// Whether the accumulator is one of them.
    pub(crate) const fn has_accumulator(&self) -> bool {
        self.form.has_accumulator()
    }

    /// Takes the first operand of so many bytes.
    fn take(&mut self, size: usize) -> u32 {
        for (bytes, &value) in self.bytes.iter_mut().zip(&self.values) {
            if usize::from(*bytes) == size {
                *bytes = 0;
                return value;
            }
        }
        0
    }
}

/// The last moves, which further ones may join.
#[derive(Clone, Copy, Debug, Default)]
struct Moves {
    start: usize,
    end: usize,
    pairs: [[u32; 2]; 4],
    count: usize,
}

/// The code of a function.
#[derive(Debug)]
pub(crate) struct Code<'b> {
    bytes: &'b mut [u8],
    used: usize,
    /// The first thing that went wrong.
    pub(crate) failed: Option<Limit>,
    fixups: &'b mut [Fixup],
    free: u32,
    /// Where the last instruction begins, unless control may come in after it.
    last: Option<usize>,
    moves: Moves,
    /// The slot whose value the accumulator has, too.
    pub(crate) accumulator: Option<u32>,
    /// Slots to fetch others to, if the frame is large.
    pub(crate) low: Option<u32>,
    /// Whether branches may be farther than a halfword can say.
    pub(crate) far: bool,
    /// The first of the slots that are looked at here.
    first_local: u32,
    /// Where they end.
    locals_end: u32,
    /// Which of the first 64 locals were written on every way here, a bit each; all of them where
    /// there is no way.
    pub(crate) written: u64,
    /// Which of them are read where they may not have been written: they have to be zeroed.
    pub(crate) unwritten_reads: u64,
    /// Where the code so far comes from.
    pub(crate) origins: Origins<'b>,
}

impl<'b> Code<'b> {
    pub(crate) fn new(bytes: &'b mut [u8], fixups: &'b mut [Fixup]) -> Self {
        let mut next = 1;
        for fixup in fixups.iter_mut() {
            fixup.next = next;
            next = next.saturating_add(1);
        }
        if let Some(last) = fixups.last_mut() {
            last.next = NONE;
        }
        let free = if fixups.is_empty() { NONE } else { 0 };
        Self {
            bytes,
            used: 0,
            failed: None,
            fixups,
            free,
            last: None,
            moves: Moves::default(),
            accumulator: None,
            low: None,
            far: false,
            first_local: 0,
            locals_end: 0,
            written: 0,
            unwritten_reads: 0,
            origins: Origins::default(),
        }
    }

    pub(crate) fn begin(&mut self, low: Option<u32>, far: bool, locals: core::ops::Range<u32>) {
        self.first_local = locals.start;
        self.locals_end = locals.end;
        self.written = 0;
        self.unwritten_reads = 0;
        self.used = 0;
        self.origins.clear();
        self.low = low;
        self.far = far;
        self.barrier();
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or(&[])
    }

    /// The buffer, for who needs no code any more.
    pub(crate) const fn buffer(&mut self) -> &mut [u8] {
        self.bytes
    }

    pub(crate) fn position(&self) -> u32 {
        u32::try_from(self.used).unwrap_or(NONE)
    }

    /// Control may come in here: nothing is known of what went before.
    pub(crate) fn barrier(&mut self) {
        self.accumulator = None;
        self.last = None;
        self.moves.count = 0;
    }

    fn local_bits(&self, slot: u32, words: u32) -> u64 {
        let bit = |slot: u32| match slot.checked_sub(self.first_local) {
            Some(local) if local < 64 && slot < self.locals_end => 1u64.wrapping_shl(local),
            _ => 0,
        };
        (slot..slot.saturating_add(words))
            .map(bit)
            .fold(0, |bits, bit| bits | bit)
    }

    /// A local is read here.
    pub(crate) fn reads(&mut self, slot: u32, words: u32) {
        self.unwritten_reads |= self.local_bits(slot, words) & !self.written;
    }

    /// Notes what went wrong, if it is the first thing.
    pub(crate) fn fail(&mut self, limit: Limit) {
        self.failed = self.failed.or(Some(limit));
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.used.wrapping_add(bytes.len());
        match self.bytes.get_mut(self.used..end) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.used = end;
            }
            None => self.fail(Limit::Code),
        }
    }

    fn raw(&mut self, opcode: u16, operands: &[u32]) {
        self.last = Some(self.used);
        if let Err(limit) = self.origins.keep(self.position()) {
            self.fail(limit);
        }
        match Encoded::of_words(opcode, operands) {
            Some(encoded) => self.append(encoded.as_bytes()),
            None => self.fail(Limit::Operand),
        }
    }

    /// Emits an instruction, with its operands in the order of their bytes; those with a sign are
    /// extended.
    #[inline(never)]
    pub(crate) fn emit(&mut self, opcode: u16, operands: &[u32]) {
        let mut near = [0u32; 8];
        let mut back: [Option<(u32, u32)>; 3] = [None; 3];
        let mut low = 0u32;
        let mut written: Option<(u32, u32)> = None;
        let places = Shape::of(opcode).into_iter().flat_map(Shape::places);
        for (((kind, _), &slot), place) in places.zip(operands).zip(&mut near) {
            *place = slot;
            let (words, reads, writes) = match kind {
                Kind::S => (1, true, false),
                Kind::D => (1, false, true),
                Kind::V => (1, true, true),
                Kind::P => (2, true, false),
                Kind::Q => (2, false, true),
                Kind::S2 => (2, true, true),
                Kind::S3 => (3, true, true),
                _ => continue,
            };
            if writes {
                written = Some((slot, if opcode == opcode::zero { 255 } else { words }));
            }
            if slot.saturating_add(words) <= 256 {
                continue;
            }
            let Some(base) = self.low else {
                self.fail(Limit::Frame);
                return;
            };
            let base = base.saturating_add(low);
            *place = base;
            for word in 0..words {
                let (near, far) = (base.saturating_add(word), slot.saturating_add(word));
                if reads {
                    self.raw(opcode::far_get, &[near, far]);
                }
                if writes && let Some(place) = back.get_mut(word as usize) {
                    *place = Some((near, far));
                }
            }
            // The result may take the place of an operand: those are read first.
            if reads {
                low = low.saturating_add(words);
            }
            if low > LOW_WORDS {
                self.fail(Limit::Frame);
            }
        }
        let near = near.get(..operands.len()).unwrap_or(&[]);
        match in_place(opcode, near) {
            Some((opcode, operands)) => self.raw(opcode, &operands),
            None => self.raw(opcode, near),
        }
        for (near, far) in back.into_iter().flatten() {
            self.raw(opcode::far_set, &[near, far]);
        }
        if let Some((slot, words)) = written
            && opcode != opcode::zero
        {
            self.written |= self.local_bits(slot, words);
        }
        let overwritten =
            |slot: u32| written.is_some_and(|(first, words)| slot.wrapping_sub(first) < words);
        if writes(opcode) || opcode == opcode::keep_d {
            self.accumulator = written.map(|(slot, _)| slot);
        } else if self.accumulator.is_some_and(overwritten) {
            self.accumulator = None;
        }
    }

    /// Emits the instruction of a family that has the operands' form. There has to be one.
    #[inline(never)]
    pub(crate) fn emit_form(&mut self, family: Family, operands: &Operands) {
        let mut operands = *operands;
        let form = operands.form.to_slot(operands.to.is_some());
        let Some(opcode) = find(family, form) else {
            self.fail(Limit::Operand);
            return;
        };
        // In the order of their bytes.
        let mut arranged = [0; 8];
        let mut count = 0usize;
        let places = Shape::of(opcode).into_iter().flat_map(Shape::places);
        for ((kind, _), place) in places.zip(&mut arranged) {
            *place = match kind {
                // A branch's target is put in later.
                Kind::K | Kind::T | Kind::R => 0,
                Kind::D | Kind::Q => operands.to.unwrap_or(0),
                Kind::C => operands.charge,
                _ => operands.take(kind.bytes()),
            };
            count = count.wrapping_add(1);
        }
        self.emit(opcode, arranged.get(..count).unwrap_or(&[]));
    }

    /// Copies a slot to another, together with the moves before if there are any.
    pub(crate) fn emit_move(&mut self, from: u32, to: u32) {
        if self.accumulator == Some(from) {
            return self.emit(opcode::keep_d, &[0, to]);
        }
        if from > 255 || to > 255 {
            return self.emit(opcode::move_s_d, &[from, to]);
        }
        self.written |= self.local_bits(to, 1);
        if self.moves.count == 0 || self.moves.count == 4 || self.moves.end != self.used {
            self.moves.count = 0;
            self.moves.start = self.used;
        }
        if let Some(place) = self.moves.pairs.get_mut(self.moves.count) {
            *place = [from, to];
        }
        self.moves.count = self.moves.count.saturating_add(1);
        self.used = self.moves.start;
        let [[a, b], [c, d], [e, f], [g, h]] = self.moves.pairs;
        match self.moves.count {
            1 => self.raw(opcode::move_s_d, &[a, b]),
            2 => self.raw(opcode::move_2, &[a, b, c, d]),
            3 => {
                self.raw(opcode::move_2, &[a, b, c, d]);
                self.raw(opcode::move_s_d, &[e, f]);
            }
            _ => self.raw(opcode::move_4, &[a, b, c, d, e, f, g, h]),
        }
        self.moves.end = self.used;
        if self.accumulator == Some(to) {
            self.accumulator = None;
        }
    }

    /// Takes back the last instruction if it adds to a slot what is in a slot or an immediate:
    /// for a loop's end to do both. Returns the letter and value of what it adds.
    pub(crate) fn take_increment(&mut self, counter: u32) -> Option<(Letter, u32)> {
        let start = self.last?;
        let last = mote_image::Instruction::decode(self.bytes.get(start..self.used)?)?;
        let mut operands = last.words().map(|(_, word)| word);
        let (a, b) = (operands.next()?, operands.next()?);
        let added = match last.opcode {
            opcode::add_v_h if a == counter => (Letter::H, b),
            opcode::add_v_s if a == counter => (Letter::S, b),
            _ => return None,
        };
        self.used = start;
        self.last = None;
        self.accumulator = None;
        Some(added)
    }

    // --- Branches.

    /// Emits a jump ahead.
    pub(crate) fn jump(&mut self, label: &mut Label) {
        let start = self.position();
        let opcode = if self.far {
            opcode::jump_far
        } else {
            opcode::jump
        };
        self.emit(opcode, &[0]);
        self.await_label(label, NONE, start);
    }

    /// Emits a jump back.
    pub(crate) fn jump_back(&mut self, head: u32, charge: u32) {
        let distance = self.distance(head, self.position());
        let opcode = if charge > 255 || i16::try_from(distance).is_err() {
            opcode::jump_back_far
        } else {
            opcode::jump_back
        };
        self.emit(opcode, &[charge, distance.cast_unsigned()]);
    }

    /// From there to the head of a loop, in halfwords.
    fn distance(&self, head: u32, from: u32) -> i32 {
        head.wrapping_sub(from).cast_signed() / 2
    }

    /// Where the last instruction begins: operands out of reach are fetched before it.
    fn last_start(&self) -> u32 {
        u32::try_from(self.last.unwrap_or(self.used)).unwrap_or(NONE)
    }

    /// Emits a branch ahead that is taken if a condition holds.
    pub(crate) fn branch(&mut self, family: Family, operands: &Operands, label: &mut Label) {
        if self.far {
            return self.around(family, operands, Err(label));
        }
        self.emit_form(family, operands);
        self.await_label(label, NONE, self.last_start());
    }

    /// Emits a branch that is taken if a condition holds, to a branch of another kind, ahead to a
    /// label or back to a head with a charge: over that if the opposite holds. Where there is no
    /// opposite: `if condition, go on below; jump past it; below: the branch`.
    fn around(
        &mut self,
        family: Family,
        operands: &Operands,
        target: Result<(u32, u32), &mut Label>,
    ) {
        let opposite = opposite(family).filter(|&it| find(it, operands.form).is_some());
        self.emit_form(opposite.unwrap_or(family), operands);
        let condition = self.last_start();
        let field = self.used.wrapping_sub(2);
        let mut past = None;
        if opposite.is_none() {
            past = Some(self.position());
            self.emit(opcode::jump, &[0]);
            self.patch(condition, field, false);
        }
        match target {
            Ok((head, charge)) => self.jump_back(head, charge),
            Err(label) => self.jump(label),
        }
        match past {
            None => self.patch(condition, field, false),
            Some(past) => self.patch(past, (past as usize).wrapping_add(2), false),
        }
        self.last = None;
    }

    /// Emits a branch back that is taken, and charged, if a condition holds. `ahead` is the
    /// family of the same condition ahead.
    pub(crate) fn branch_back(
        &mut self,
        (back, ahead): (Option<Family>, Family),
        operands: &mut Operands,
        head: u32,
        charge: u32,
    ) {
        // Up to three operands may have to be fetched first, which takes 8 bytes a slot.
        let distance = self.distance(head, self.position());
        let far = i16::try_from(distance.wrapping_sub(64)).is_err();
        let near =
            back.filter(|&back| charge <= 255 && !far && find(back, operands.form).is_some());
        let Some(back) = near else {
            return self.around(ahead, operands, Ok((head, charge)));
        };
        operands.charge = charge;
        self.emit_form(back, operands);
        let distance = self.distance(head, self.last_start());
        match i16::try_from(distance) {
            Ok(_) => self.put(self.used.wrapping_sub(2), distance.cast_unsigned(), false),
            Err(_) => self.fail(Limit::Branch),
        }
    }

    /// Emits a branch table with so many entries; returns where it begins.
    pub(crate) fn table(&mut self, selector: u32, entries: u32) -> u32 {
        let opcode = if self.far {
            opcode::switch_far
        } else {
            opcode::switch
        };
        self.emit(opcode, &[selector, entries.wrapping_sub(1)]);
        // Entries that are bound later know of nothing that was written before.
        let start = self.last_start();
        for _ in 0..entries {
            self.append(if self.far { &[0; 4] } else { &[0; 2] });
        }
        self.barrier();
        start
    }

    fn entry(&self, table: u32, entry: u32) -> u32 {
        let (head, size) = if self.far { (8, 4) } else { (6, 2) };
        let entry = entry.saturating_mul(size).saturating_add(head);
        table.saturating_add(entry)
    }

    /// An entry of the table that begins there awaits a label.
    pub(crate) fn table_entry(&mut self, table: u32, entry: u32, label: &mut Label) {
        self.await_label(label, table, self.entry(table, entry));
    }

    /// An entry of the table that begins there leads here.
    pub(crate) fn bind_entry(&mut self, table: u32, entry: u32) {
        self.patch(table, self.entry(table, entry) as usize, self.far);
        self.barrier();
    }

    /// A branch awaits a label: the instruction at `place`, or that entry of a table.
    fn await_label(&mut self, label: &mut Label, table: u32, place: u32) {
        // The chain leads through the code, which has to be there.
        if self.failed.is_some() {
            return;
        }
        let [low, high] = halves(self.written);
        let mut index = label.0;
        let before = loop {
            match self.fixups.get_mut(index as usize) {
                Some(fixup) if fixup.table == table => {
                    let [a, b] = &mut fixup.written;
                    (*a, *b) = (*a & low, *b & high);
                    break core::mem::replace(&mut fixup.last, place);
                }
                Some(fixup) => index = fixup.next,
                None => {
                    let index = self.free;
                    let Some(fixup) = self.fixups.get_mut(index as usize) else {
                        return self.fail(Limit::Branches);
                    };
                    self.free = fixup.next;
                    *fixup = Fixup {
                        table,
                        last: place,
                        next: label.0,
                        written: [low, high],
                    };
                    *label = Label(index);
                    break NONE;
                }
            }
        };
        let (_, field) = self.field(table, place);
        // In halfwords, as targets are.
        let link = before.checked_div(2).filter(|_| before != NONE);
        if !self.far && before != NONE && before > 0x1_fff0 {
            return self.fail(Limit::Branch);
        }
        self.put(field, link.unwrap_or(NONE), self.far);
    }

    /// Where the instruction begins that a target is counted from, and where the target is put:
    /// an entry, or what an instruction ends with.
    fn field(&self, table: u32, place: u32) -> (u32, usize) {
        if table != NONE {
            return (table, place as usize);
        }
        let start = place as usize;
        let opcode = self.bytes.get(start..).and_then(|code| code.first_chunk());
        let shape = Shape::of(opcode.map_or(u16::MAX, |opcode| u16::from_le_bytes(*opcode)));
        let end = start.wrapping_add(shape.map_or(4, Shape::length));
        (place, end.wrapping_sub(if self.far { 4 } else { 2 }))
    }

    /// All branches that await a label lead here.
    pub(crate) fn bind(&mut self, label: Label) {
        let mut next = label.0;
        while let Some(&fixup) = self.fixups.get(next as usize)
            && self.failed.is_none()
        {
            let mut place = fixup.last;
            while place != NONE {
                let (start, field) = self.field(fixup.table, place);
                let link = self.link(field);
                self.patch(start, field, self.far);
                place = link;
            }
            let [low, high] = fixup.written;
            self.written &= u64::from(low) | u64::from(high) << 32;
            if let Some(place) = self.fixups.get_mut(next as usize) {
                place.next = self.free;
            }
            self.free = next;
            next = fixup.next;
        }
        self.barrier();
    }

    /// The branch before one in a chain.
    fn link(&self, field: usize) -> u32 {
        let field = self.bytes.get(field..).unwrap_or(&[]);
        let link = match *field {
            [a, b, c, d, ..] if self.far => u32::from_le_bytes([a, b, c, d]),
            [a, b, ..] if !self.far => match u16::from_le_bytes([a, b]) {
                u16::MAX => NONE,
                link => link.into(),
            },
            _ => NONE,
        };
        if link == NONE {
            NONE
        } else {
            link.saturating_mul(2)
        }
    }

    /// Lets an instruction lead here.
    fn patch(&mut self, start: u32, field: usize, far: bool) {
        let halfwords = self.position().wrapping_sub(start) / 2;
        if !far && halfwords > 0x7fff {
            return self.fail(Limit::Branch);
        }
        self.put(field, halfwords, far);
    }

    fn put(&mut self, at: usize, value: u32, far: bool) {
        let [a, b, c, d] = value.to_le_bytes();
        let bytes: &[u8] = if far { &[a, b, c, d] } else { &[a, b] };
        let place = self.bytes.get_mut(at..).unwrap_or(&mut []);
        for (to, from) in place.iter_mut().zip(bytes) {
            *to = *from;
        }
    }
}

/// Returns the shorter form of an instruction whose result goes to where an operand was.
fn in_place(opcode: u16, operands: &[u32]) -> Option<(u16, [u32; 2])> {
    Some(match (opcode, operands) {
        (opcode::add_sh_d, [a, d, b]) if a == d => (opcode::add_v_h, [*d, *b]),
        (opcode::add_ss_d, [a, b, d]) if a == d => (opcode::add_v_s, [*d, *b]),
        (opcode::add_ss_d, [a, b, d]) if b == d => (opcode::add_v_s, [*d, *a]),
        (opcode::add_ks_d, [_, b, d]) if b == d => (opcode::add_v_k, [0, *d]),
        (opcode::xor_ks_d, [_, b, d]) if b == d => (opcode::xor_v_k, [0, *d]),
        (opcode::or_ks_d, [_, b, d]) if b == d => (opcode::or_v_k, [0, *d]),
        (opcode::fadd_ks_d, [_, b, d]) if b == d => (opcode::fadd_v_k, [0, *d]),
        _ => return None,
    })
}
