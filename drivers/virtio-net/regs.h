/* SPDX-License-Identifier: MIT */
/*
 * Features, configuration, frames and commands of the virtio network device (virtio 1.2, 5.1).
 */
#pragma once
#include <stdint.h>

/* 5.1.3 Feature bits. */
#define NET_F_CSUM (1ull << 0)
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU (1ull << 3)
#define NET_F_MAC (1ull << 5)
#define NET_F_STATUS (1ull << 16)
#define NET_F_CTRL_VQ (1ull << 17)
#define NET_F_MQ (1ull << 22)

/* 5.1.4 Device configuration, up to what is used. */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_pairs;
	uint16_t mtu;
};

enum { NET_S_LINK_UP = 1 };

/* 5.1.6 In front of each frame. */
struct virtio_net_header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset; /* from csum_start */
	uint16_t num_buffers;
};

_Static_assert(sizeof(struct virtio_net_header) == 12, "5.1.6");
enum { NET_HDR_NEEDS_CSUM = 1, NET_HDR_DATA_VALID = 2 };

/* 5.1.6.5 Control queue: class, command, data; the device answers with a byte. */
struct virtio_net_command {
	uint8_t class;
	uint8_t command;
	uint16_t pairs;
	uint8_t ack;
};

enum { NET_CTRL_MQ = 4, NET_CTRL_MQ_PAIRS_SET = 0, NET_CTRL_COMMAND_BYTES = 4, NET_CTRL_OK = 0 };
