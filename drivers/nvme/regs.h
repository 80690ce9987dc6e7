/* SPDX-License-Identifier: MIT */
/*
 * NVM Express: registers and structures that the driver uses.
 * Sections of the NVMe Base Specification 1.4 (numbers of 2.0 in brackets).
 */
#pragma once
#include <stdint.h>

/* 3.1 Controller registers. */
enum {
	NVME_CAP = 0x00,
	NVME_CC = 0x14,
	NVME_CSTS = 0x1c,
	NVME_AQA = 0x24,
	NVME_ASQ = 0x28,
	NVME_ACQ = 0x30,
	NVME_DOORBELLS = 0x1000, /* 3.1.24 */
};

/* 3.1.1 CAP. */
#define CAP_MQES(cap) ((uint32_t)((cap) & 0xffff))
#define CAP_TO(cap) ((uint32_t)((cap) >> 24 & 0xff))
#define CAP_DSTRD(cap) ((uint32_t)((cap) >> 32 & 0xf))
#define CAP_NVM (1ull << 37)
#define CAP_MPSMIN(cap) ((uint32_t)((cap) >> 48 & 0xf))

/* 3.1.5 CC: enabled, normal shutdown, pages of 4 KiB, entries of 64 and 16 bytes. */
enum { CC_ENABLE = 1, CC_SHUTDOWN = 1 << 14, CC_IOSQES_64 = 6 << 16, CC_IOCQES_16 = 4 << 20 };
/* 3.1.6 CSTS. */
enum { CSTS_READY = 1, CSTS_FATAL = 2, CSTS_SHUTDOWN = 3 << 2, CSTS_SHUTDOWN_DONE = 2 << 2 };

/* 4.2 Submission queue entry. */
struct nvme_command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t cid;
	uint32_t nsid;
	uint64_t reserved;
	uint64_t metadata;
	uint64_t prp1, prp2;
	uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};

/* 4.6 Completion queue entry. */
struct nvme_completion {
	uint64_t result; /* the lower half */
	uint64_t state;
};

#define CQE_SQ_HEAD(state) ((uint32_t)((state) & 0xffff))
#define CQE_SQ_ID(state) ((uint32_t)((state) >> 16 & 0xffff))
#define CQE_CID(state) ((uint16_t)((state) >> 32))
#define CQE_PHASE(state) ((uint32_t)((state) >> 48 & 1))
/* 4.6.1 Status: code and type, without more, retry delay. */
#define CQE_STATUS(state) ((uint16_t)((state) >> 49 & 0x7ff))
enum { NVME_WRITE_PROTECTED = 0x020, NVME_READ_ONLY_RANGE = 0x182 };

_Static_assert(sizeof(struct nvme_command) == 64, "4.2");
_Static_assert(sizeof(struct nvme_completion) == 16, "4.6");

/* 5 Admin commands. */
enum {
	ADMIN_CREATE_SQ = 0x01,
	ADMIN_CREATE_CQ = 0x05,
	ADMIN_IDENTIFY = 0x06,
	ADMIN_SET_FEATURES = 0x09,
};
enum { QUEUE_CONTIGUOUS = 1, CQ_INTERRUPTS = 2 }; /* 5.3, 5.4 */
enum { FEATURE_QUEUES = 7 };                      /* 5.21.1.7 */
/* 5.15 Identify: which structure. */
enum { IDENTIFY_NAMESPACE = 0, IDENTIFY_CONTROLLER = 1, IDENTIFY_LIST = 2 };

/* 5.15.2 Identify, bytes of the controller structure. */
enum { ID_MDTS = 77, ID_ONCS = 520, ID_VWC = 525 };
enum { ONCS_DATASET = 4, VWC_PRESENT = 1 };
/* NVM command set: bytes of the namespace structure. */
enum { NS_NSZE = 0, NS_FLBAS = 26, NS_NSATTR = 99, NS_LBAF = 128 };
enum { NSATTR_PROTECTED = 1 };

/* 6 NVM commands. */
enum { NVM_FLUSH = 0, NVM_WRITE = 1, NVM_READ = 2, NVM_DATASET = 9 };
enum { DATASET_DEALLOCATE = 4 }; /* 6.7 */

/* 6.7 One range of dataset management. */
struct nvme_range {
	uint32_t attributes;
	uint32_t blocks;
	uint64_t first;
};
