// Objects behind handles: reference counts, and one table for the process. A handle is an index and a generation, so a
// released one is recognized and never reaches memory.
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "abi.h"

enum object_kind { OBJECT_MAP = 1, OBJECT_WEIGHTS, OBJECT_CACHE, OBJECT_PLAN };

struct object {
  enum object_kind kind;
  _Atomic uint32_t references;
  void (*destroy)(struct object *);  // Called when the last reference goes.
};

// Takes over the caller's reference. A positive handle, or ARP_STATUS_OUT_OF_MEMORY (the object is then destroyed).
int32_t handle_create(struct object *object, struct arp_error *error);
// A new reference to what the handle names, or NULL with `error` filled. kind 0: any.
void *handle_acquire(uint32_t handle, enum object_kind kind, struct arp_error *error);
// Ends the handle and gives its reference to the caller, or NULL.
struct object *handle_remove(uint32_t handle);

void object_retain(struct object *object);
void object_release(struct object *object);

// Fills `error` (if not NULL) and returns `status`.
__attribute__((format(printf, 4, 5))) int32_t fail(struct arp_error *error, int32_t status, int32_t instruction,
                                                   const char *format, ...);
