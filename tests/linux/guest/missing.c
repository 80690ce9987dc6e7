/* SPDX-License-Identifier: MIT */
/* Asks twice, in two processes, for calls that there are not, and for words that calls do not take. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IO_URING_SETUP = 425, NO_CALL = 9999, RENAMEAT2 = 316, OPENAT2 = 437, WHITEOUT = 4, UNKNOWN = 8, NO_REQUEST = 0x12345678 };

int main(void)
{
	uint64_t how[3] = { 1ull << 40, 0, 0 };

	fork();
	for (int i = 0; i < 2; i++) {
		syscall(IO_URING_SETUP, 1, 0);
		syscall(NO_CALL);
		syscall(RENAMEAT2, AT_FDCWD, "a", AT_FDCWD, "b", WHITEOUT);
		syscall(RENAMEAT2, AT_FDCWD, "a", AT_FDCWD, "b", WHITEOUT | UNKNOWN | 1);
		syscall(OPENAT2, AT_FDCWD, "/", how, sizeof how);
		syscall(16, 0, NO_REQUEST, 0);
		syscall(16, 99, NO_REQUEST + 1, 0); /* no descriptor: that comes first, and is nothing to tell of */
	}
	wait(NULL);
	return 0;
}
