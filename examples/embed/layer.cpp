/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The same from C++: handles that free themselves, errors as exceptions, on the cpu device, whose addresses are host
 * pointers. */
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include "w4a16/w4a16.h"

static w4a16_error error;

static void must(w4a16_status status) {
    if (status != W4A16_OK) throw std::runtime_error(error.message);
}

template <auto close> struct closer {
    template <class T> void operator()(T *handle) const { close(handle); }
};
template <class T, auto close> using owned = std::unique_ptr<T, closer<close>>;

static w4a16_address address_of(const void *memory) { return reinterpret_cast<w4a16_address>(memory); }

int main() try {
    constexpr int M = 2, N = 64, K = 128;
    std::vector<uint32_t> q(K / 8 * N, 0x99999999u);
    std::vector<uint16_t> scale(N, 0x3800), a(M * K, 0x3c00), out(M * N); // 0.5, and 1 in fp16

    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = W4A16_DEVICE_CPU;
    w4a16_device *opened;
    must(w4a16_device_open(&options, &opened, &error));
    owned<w4a16_device, w4a16_device_close> device(opened);

    w4a16_layer layer;
    w4a16_layer_init(&layer, sizeof layer);
    layer.N = N, layer.K = K, layer.group_size = K;
    layer.q = q.data(), layer.scale = scale.data(), layer.scale_type = W4A16_F16;
    w4a16_weights *packed;
    must(w4a16_weights_create(device.get(), &layer, &packed, &error));
    owned<w4a16_weights, w4a16_weights_free> weights(packed);

    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights.get());
    problem.shape.M = M;
    w4a16_plan *planned;
    must(w4a16_plan_create(device.get(), weights.get(), &problem, &planned, &error));
    owned<w4a16_plan, w4a16_plan_free> plan(planned);

    std::vector<char> room(w4a16_plan_workspace(plan.get()) + 256);
    w4a16_run_args args = {};
    args.struct_size = sizeof args;
    args.a = address_of(a.data()), args.out = address_of(out.data());
    args.workspace = (address_of(room.data()) + 255) & ~w4a16_address{255};
    must(w4a16_run(plan.get(), &args, nullptr, &error));

    int right = 0;
    for (uint16_t y : out) right += y == 0x5400; // 64
    std::printf("w4a16 %s: %d of %d right\n", w4a16_version(), right, M * N);
    return right == M * N ? 0 : 1;
} catch (const std::exception &problem) {
    std::fprintf(stderr, "layer: %s\n", problem.what());
    return 1;
}
