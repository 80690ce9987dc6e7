/* SPDX-License-Identifier: MIT */
/*
 * Firmware's tables: right ones, each damage, and random ones.
 */
#include <string.h>

#include "model.h"

enum {
	RSDP = 0,
	XSDT = 0x1000,
	MADT = 0x2000,
	MCFG = 0x3000,
	FADT = 0x4000,
	DSDT = 0x5000,
	DMAR = 0x6000,
	SRAT = 0x7000,
	HPET = 0x8000,
	RSDT = 0x9000,
	TABLES = 7
};
static const uint32_t table_at[TABLES] = { MADT, MCFG, FADT, DMAR, SRAT, HPET, DSDT };

static void put(uint32_t at, uint64_t value, uint32_t width)
{
	for (uint32_t i = 0; i < width; i++)
		model_memory[at + i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(uint32_t at)
{
	uint32_t v;

	memcpy(&v, model_memory + at, 4);
	return v;
}

static void set_sum(uint32_t at, uint32_t bytes, uint32_t place)
{
	uint8_t sum = 0;

	model_memory[at + place] = 0;
	for (uint32_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + model_memory[at + i]);
	model_memory[at + place] = (uint8_t)-sum;
}

static void end_table(uint32_t at, const char *signature, uint32_t bytes)
{
	memcpy(model_memory + at, signature, 4);
	put(at + 4, bytes, 4);
	set_sum(at, bytes, 9);
}

static void make_root(void)
{
	memcpy(model_memory + RSDP, "RSD PTR ", 8);
	put(RSDP + 15, 2, 1);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, MODEL_AT + XSDT, 8);
	set_sum(RSDP, 20, 8);
	set_sum(RSDP, 36, 32);
	for (uint32_t i = 0; i < TABLES - 1; i++)
		put(XSDT + 36 + 8 * i, MODEL_AT + table_at[i], 8);
	end_table(XSDT, "XSDT", 36 + 8 * (TABLES - 1));
}

static void make_tables(void)
{
	static const uint8_t s5[] = { '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5, 0x0a, 6, 0, 0 };

	memset(model_memory, 0, 0x10000);
	make_root();
	put(MADT + 44, 1, 1); /* I/O APIC */
	put(MADT + 45, 12, 1);
	put(MADT + 48, 0xfec00000, 4);
	put(MADT + 56, 2, 1); /* an override, of no use here */
	put(MADT + 57, 10, 1);
	put(MADT + 66, 1, 1);
	put(MADT + 67, 12, 1);
	put(MADT + 70, 0xfec10000, 4);
	put(MADT + 74, 24, 4);
	end_table(MADT, "APIC", 78);
	put(MCFG + 44, 0xb0000000, 8);
	put(MCFG + 55, 255, 1);
	end_table(MCFG, "MCFG", 60);
	put(FADT + 40, MODEL_AT + DSDT, 4);
	put(FADT + 64, 0x604, 4);
	put(FADT + 108, 0x32, 1);
	put(FADT + 112, 1u << 10, 4);
	put(FADT + 116, 1, 1);
	put(FADT + 120, 0xcf9, 8);
	put(FADT + 128, 6, 1);
	end_table(FADT, "FACP", 244);
	memcpy(model_memory + DSDT + 100, s5, sizeof s5);
	end_table(DSDT, "DSDT", 200);
	put(DMAR + 48 + 2, 16, 2);
	put(DMAR + 48 + 8, 0xfed90000, 8);
	end_table(DMAR, "DMAR", 64);
	put(SRAT + 48, 5, 1);
	put(SRAT + 49, 32, 1);
	put(SRAT + 51, 1, 1);
	put(SRAT + 52, 3, 4);
	put(SRAT + 58, 0, 1);
	put(SRAT + 59, 0x20, 1);
	put(SRAT + 72, 1, 4);
	end_table(SRAT, "SRAT", 80);
	put(HPET + 44, 0xfed00000, 8);
	end_table(HPET, "HPET", 56);
}

static bool is_right(const struct firmware *f)
{
	return f->acpi && f->damaged == 0 && f->has_ecam && f->ecam == 0xb0000000 &&
	       f->ecam_last_bus == 255 && f->ioapics == 2 && f->ioapic[1].first_line == 24 &&
	       f->units == 1 && f->unit[0] == 0xfed90000 && f->hpet == 0xfed00000 &&
	       f->pm1a == 0x604 && f->century == 0x32 && f->reset.address == 0xcf9 &&
	       f->reset.space == FW_PORT && f->reset_value == 6 && f->has_sleep_type &&
	       f->sleep_type[0] == 5 && f->sleep_type[1] == 6 && f->nodes == 1 &&
	       f->node[0].address == 0x20 && f->node[0].node == 3;
}

/* A bit of a table that is wrong makes the table not there, and nothing else. */
static void test_damage(void)
{
	struct firmware f;

	for (uint32_t t = 0; t < TABLES; t++) {
		uint32_t bytes;

		make_tables();
		bytes = get32(table_at[t] + 4);
		for (uint32_t i = 0; i < bytes; i++) {
			model_memory[table_at[t] + i] ^= 1;
			firmware_read(&f, MODEL_AT + RSDP);
			CHECK(f.damaged == 1 && !is_right(&f) && f.acpi);
			model_memory[table_at[t] + i] ^= 1;
		}
		firmware_read(&f, MODEL_AT + RSDP);
		CHECK(is_right(&f));
	}
	for (uint32_t i = 0; i < 20; i++) {
		model_memory[RSDP + i] ^= 0x10;
		firmware_read(&f, MODEL_AT + RSDP);
		CHECK(!f.acpi && f.damaged == 1 && f.ioapics == 0);
		model_memory[RSDP + i] ^= 0x10;
	}
}

/* PCI Firmware 3.2, 4.1.2: only segment 0 is looked for, wherever it stands. */
static void test_segments(void)
{
	struct firmware f;

	make_tables();
	put(MCFG + 52, 1, 2);
	end_table(MCFG, "MCFG", 60);
	firmware_read(&f, MODEL_AT + RSDP);
	CHECK(!f.has_ecam && f.damaged == 0);
	put(MCFG + 60, 0xa0000000, 8);
	put(MCFG + 71, 127, 1);
	end_table(MCFG, "MCFG", 76);
	firmware_read(&f, MODEL_AT + RSDP);
	CHECK(f.has_ecam && f.ecam == 0xa0000000 && f.ecam_last_bus == 127);
}

static void read_fadt(struct firmware *f, uint32_t flags, uint32_t space, uint64_t address)
{
	make_tables();
	put(FADT + 112, flags, 4);
	put(FADT + 116, space, 1);
	put(FADT + 120, address, 8);
	put(FADT + 244, space, 1);
	put(FADT + 248, address, 8);
	end_table(FADT, "FACP", 268);
	firmware_read(f, MODEL_AT + RSDP);
	CHECK(f->damaged == 0);
}

/* 5.2.9: what a register is for is said by a flag, and it lies in memory or among ports. */
static void test_registers(void)
{
	enum { RESET = 1 << 10, REDUCED = 1 << 20 };
	struct firmware f;

	read_fadt(&f, 0, FW_PORT, 0xcf9);
	CHECK(f.reset.address == 0 && f.reset_value == 0 && !f.reduced && f.sleep_control.address == 0);
	read_fadt(&f, RESET, FW_PORT, 0xcf9);
	CHECK(f.reset.address == 0xcf9 && f.reset_value == 6 && !f.reduced && f.sleep_control.address == 0);
	read_fadt(&f, REDUCED, FW_PORT, 0x600);
	CHECK(f.reduced && f.sleep_control.address == 0x600 && f.reset.address == 0);
	read_fadt(&f, REDUCED | RESET, FW_MEMORY, 0xfed80000);
	CHECK(f.sleep_control.address == 0xfed80000 && f.sleep_control.space == FW_MEMORY &&
	      f.reset.address == 0xfed80000);
	read_fadt(&f, RESET, FW_PORT, 0xffff);
	CHECK(f.reset.address == 0xffff);
	read_fadt(&f, REDUCED | RESET, FW_PORT, 0x10000);
	CHECK(f.reset.address == 0 && f.sleep_control.address == 0);
	read_fadt(&f, REDUCED | RESET, FW_PORT + 1, 0x600);
	CHECK(f.reset.address == 0 && f.sleep_control.address == 0);
}

/* 5.2.5.3: what the first checksum does not cover is believed only with the second. */
static void test_root(void)
{
	struct firmware f;

	make_tables();
	for (uint32_t i = 0; i < TABLES - 1; i++)
		put(RSDT + 36 + 4 * i, MODEL_AT + table_at[i], 4);
	end_table(RSDT, "RSDT", 36 + 4 * (TABLES - 1));
	put(RSDP + 16, MODEL_AT + RSDT, 4);
	set_sum(RSDP, 20, 8);
	set_sum(RSDP, 36, 32);
	for (uint32_t i = 20; i < 36; i++) {
		model_memory[RSDP + i] ^= 0x10;
		firmware_read(&f, MODEL_AT + RSDP);
		CHECK(is_right(&f));
		model_memory[RSDP + i] ^= 0x10;
	}
	/* The longer one is used where both are right. */
	memset(model_memory + RSDT, 0, 64);
	firmware_read(&f, MODEL_AT + RSDP);
	CHECK(is_right(&f));
}

/* Right checksums, wrong contents: lengths above all. */
static void fuzz(uint32_t rounds)
{
	struct firmware f;

	for (uint32_t n = 0; n < rounds; n++) {
		make_tables();
		for (uint32_t k = model_random() % 8 + 1; k != 0; k--) {
			uint32_t at = table_at[model_random() % TABLES];
			uint32_t bytes = get32(at + 4);

			if (model_random() % 8 == 0)
				put(at + 4,
				    model_random() % 3 ? model_random() % 512 : model_random(), 4);
			else
				model_memory[at + 36 + model_random() % 200] =
					(uint8_t)(model_random() % 3 ? model_random() % 64
								     : model_random());
			bytes = get32(at + 4);
			if (bytes >= 36 && bytes < 0x1000)
				set_sum(at, bytes, 9);
		}
		if (model_random() % 4 == 0)
			put(XSDT + 36 + 8 * (model_random() % 6),
			    MODEL_AT + model_random() % (1 << 21), 8);
		set_sum(XSDT, 36 + 8 * (TABLES - 1), 9);
		firmware_read(&f, MODEL_AT + RSDP);
		CHECK(f.ioapics <= FW_IOAPICS && f.units <= FW_UNITS && f.nodes <= FW_NODES);
		CHECK(!f.has_ecam ||
		      (f.ecam % (1 << 20) == 0 && f.ecam_first_bus <= f.ecam_last_bus &&
		       f.ecam_last_bus < 256));
		CHECK(f.sleep_type[0] < 8 && f.sleep_type[1] < 8 && f.pm1a <= 0xffff);
	}
}

void acpi_tests(uint32_t rounds)
{
	struct firmware f;

	model_clear();
	firmware_read(&f, 0);
	CHECK(!f.acpi && f.damaged == 0);
	firmware_read(&f, ~0ull);
	CHECK(!f.acpi && f.damaged == 1);
	make_tables();
	firmware_read(&f, MODEL_AT + RSDP);
	CHECK(is_right(&f));
	/* Without the longer root the short one is used. */
	put(RSDP + 15, 0, 1);
	put(RSDP + 16, MODEL_AT + XSDT, 4);
	set_sum(RSDP, 20, 8);
	for (uint32_t i = 0; i < TABLES - 1; i++)
		put(XSDT + 36 + 4 * i, MODEL_AT + table_at[i], 4);
	end_table(XSDT, "RSDT", 36 + 4 * (TABLES - 1));
	firmware_read(&f, MODEL_AT + RSDP);
	CHECK(is_right(&f));
	test_damage();
	test_segments();
	test_registers();
	test_root();
	fuzz(rounds);
}
