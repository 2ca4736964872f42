/*
 * The training modes, a row each:
 *
 *     FF_MODE(NAME, LEARNER, members of struct ff_mode)
 *
 * LEARNER is the row of operations that its learner's file in learn/ ends with. The table of
 * recipe/mode.c takes all but the learner, the one of train/modes.c the learner: what is to be
 * trained is known below the code that trains it. Included by both, hence without a guard.
 */
FF_MODE("ff-stream", ff_layer_learner,
        .summary = "Forward-Forward, strictly one layer in memory, activations on disk",
        .recipe = "conditioned", .init_gain = 1)
FF_MODE("ff-full", ff_network_learner,
        .summary = "Forward-Forward: all layers in memory, each updated on every batch",
        .recipe = "symba", .whole_network = true, .init_gain = 1)
/* The gain is that of He et al. 2015. */
FF_MODE("bp", ff_backprop_learner,
        .summary = "backpropagation: all layers and all activations of a batch in memory",
        .recipe = "symba", .backprop = true, .whole_network = true, .learning_rate = 1e-3f,
        .init_gain = 2)
FF_MODE("bp-accum", ff_backprop_accum_learner,
        .summary = "backpropagation with gradients accumulated over micro-batches",
        .recipe = "symba", .backprop = true, .whole_network = true, .learning_rate = 1e-3f,
        .init_gain = 2)
FF_MODE("bp-checkpoint", ff_backprop_learner,
        .summary = "backpropagation keeping the activations of every sqrt(depth)-th layer",
        .recipe = "symba", .backprop = true, .whole_network = true, .recomputes = true,
        .learning_rate = 1e-3f, .init_gain = 2)
