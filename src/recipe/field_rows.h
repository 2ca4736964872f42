/*
 * The fields of a recipe, a row each, in the order of help:
 *
 *     FF_FIELD(TYPE, NAME, FF_INFO(what the public struct ff_recipe_field says), the rest)
 *
 * A row becomes the member NAME of struct ff_recipe (recipe.h) and an entry of the table
 * ff_fields() (field.c), which drives options, help, man pages, model files, checks and setters. So
 * a new field takes a row here and the code that uses it; a field that presets decide (by_recipe)
 * also its values in recipe_table.c. Included twice, hence without a guard.
 */
FF_FIELD(CHOICE, mode,
         FF_INFO(.option = "mode", .argument = "NAME", .group = FF_GROUP_MODE, .decides_size = true,
                 .help = "how the network is trained"),
         .choices = ff_mode_choices, .initial = "ff-stream")
FF_FIELD(COUNT, epochs,
         FF_INFO(.option = "epochs", .argument = "N", .group = FF_GROUP_NETWORK, .low = 1,
                 .high = FF_MAX_EPOCHS, .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
                 .help = "epochs; with ff-stream of each layer [10, or as many as give a layer 200 "
                         "steps]"),
         .initial = NULL)
FF_FIELD(COUNT, sweeps,
         FF_INFO(.option = "sweeps", .argument = "N", .group = FF_GROUP_NETWORK, .low = 1,
                 .high = FF_MAX_EPOCHS, .decides_size = true,
                 .help = "sweeps over all layers, among which the epochs of each are divided; 1: a "
                         "layer is complete before the next one begins (ff-stream)"),
         .initial = "1", .needs = {FF_IF_STREAMS})
FF_FIELD(COUNT, batch,
         FF_INFO(.option = "batch", .argument = "N", .group = FF_GROUP_NETWORK, .low = 1,
                 .high = FF_MAX_BATCH, .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
                 .help = "samples per step [128; with fewer than 2,560 samples the largest of 64, "
                         "32 and 16 that gives 20 batches, else 16]"),
         .initial = NULL)
FF_FIELD(SEED, seed,
         FF_INFO(.option = "seed", .argument = "N", .group = FF_GROUP_NETWORK,
                 .help = "random seed; the same seed gives the same weights, bit for bit"),
         .initial = "0")
FF_FIELD(
    CHOICE, recipe,
    FF_INFO(.option = "recipe", .argument = "NAME", .group = FF_GROUP_NETWORK, .decides_size = true,
            .default_is = FF_DEFAULT_IN_HELP,
            .help = "preset that supplies the defaults of the options below, listed by `fftool "
                    "recipes` [conditioned; symba with ff-full]"),
    .choices = ff_recipe_entry_choices, .needs = {FF_IF_FORWARD, FF_IF_NATIVE})
FF_FIELD(CHOICE, loss,
         FF_INFO(.option = "loss", .argument = "NAME", .by_recipe = true, .group = FF_GROUP_NETWORK,
                 .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
                 .help = "loss of a layer [the recipe's]"),
         .choices = ff_loss_choices, .needs = {FF_IF_FORWARD, FF_IF_NATIVE})
FF_FIELD(
    REAL, goodness_scale,
    FF_INFO(.option = "goodness-scale", .argument = "X", .by_recipe = true,
            .group = FF_GROUP_NETWORK, .low = 1e-6, .high = HUGE_NUMBER,
            .default_is = FF_DEFAULT_BY_CHOICE,
            .help = "scale of the goodness in the loss: X times the mean square of the outputs"),
    .needs = {FF_IF_FORWARD, FF_IF_NATIVE})
FF_FIELD(REAL, threshold,
         FF_INFO(.option = "threshold", .argument = "X", .group = FF_GROUP_NETWORK,
                 .low = -HUGE_NUMBER, .high = HUGE_NUMBER, .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "goodness that separates positive from negative (logistic loss)"),
         .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_THRESHOLD})
FF_FIELD(
    COUNT, negative_sets,
    FF_INFO(.option = "negative-sets", .argument = "K", .by_recipe = true,
            .group = FF_GROUP_NETWORK, .low = 1, .high = FF_MAX_NEGATIVE_SETS, .decides_size = true,
            .default_is = FF_DEFAULT_BY_CHOICE,
            .help = "sets of random negatives, used in turn; more sets reduce the error and take "
                    "more disk (losses of pairs)"),
    .needs = {FF_IF_FORWARD, FF_IF_PAIRS, FF_IF_DRAWN_ONCE})
FF_FIELD(CHOICE, negatives,
         FF_INFO(.option = "negatives", .argument = "HOW", .by_recipe = true,
                 .group = FF_GROUP_NETWORK, .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
                 .help = "kind of negatives (losses of pairs) [random; hybrid with unsupervised]"),
         .choices = ff_negatives_choices, .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_PAIRS})
FF_FIELD(
    REAL, peer_normalisation,
    FF_INFO(.option = "peer-normalisation", .argument = "X", .group = FF_GROUP_NETWORK, .low = 0,
            .high = HUGE_NUMBER, .decides_size = true,
            .help = "strength of peer normalisation, which pulls the mean activity of each unit "
                    "to that of its layer (ff-full)"),
    .initial = "0", .needs = {FF_IF_FULL})
FF_FIELD(CHOICE, label_embedding,
         FF_INFO(.option = "label-embedding", .argument = "HOW", .by_recipe = true,
                 .group = FF_GROUP_NETWORK, .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
                 .key = "embedding",
                 .help = "how the label enters the input (losses of pairs) [replace; none with "
                         "unsupervised]"),
         .choices = ff_embedding_choices, .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_PAIRS})
FF_FIELD(REAL, label_strength,
         FF_INFO(.option = "label-strength", .argument = "X", .by_recipe = true,
                 .group = FF_GROUP_NETWORK, .low = 1e-6, .high = HUGE_NUMBER,
                 .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "value of the input of the label, in the images or in each layer"),
         .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_LABELLED})
FF_FIELD(REAL, label_smoothing,
         FF_INFO(.option = "label-smoothing", .argument = "X", .by_recipe = true,
                 .group = FF_GROUP_NETWORK, .low = 0, .high = 1, .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "label smoothing of the softmax loss"),
         .needs = {FF_IF_STREAMS, FF_IF_LABELS})
FF_FIELD(
    COUNT, label_samples,
    FF_INFO(.option = "label-samples", .argument = "N", .group = FF_GROUP_NETWORK, .low = 0,
            .high = FF_MAX_LABEL_SAMPLES, .decides_size = true,
            .help = "wrong labels of a sample in a step, half of them the hardest; 0: all for up "
                    "to 20 classes, else 19 (softmax loss)"),
    .initial = "0", .needs = {FF_IF_STREAMS, FF_IF_LABELS})
FF_FIELD(CHOICE, pass_on,
         FF_INFO(.option = "pass-on", .argument = "NAME", .group = FF_GROUP_NETWORK,
                 .decides_size = true,
                 .help = "outputs of a layer that are passed to the next one (softmax loss)"),
         .choices = ff_pass_on_choices, .initial = "label-free",
         .needs = {FF_IF_STREAMS, FF_IF_LABELS})
FF_FIELD(CHOICE, class_weights,
         FF_INFO(.option = "class-weights", .argument = "HOW", .group = FF_GROUP_NETWORK,
                 .help = "how samples are weighted by their class (softmax loss; linear head; "
                         "backpropagation)"),
         .choices = ff_class_weights_choices, .initial = "none", .needs = {FF_IF_CLASSIFIES},
         .since = 6)
FF_FIELD(REAL, dropout,
         FF_INFO(.option = "dropout", .argument = "P", .by_recipe = true, .group = FF_GROUP_NETWORK,
                 .low = 0, .high = LARGEST_DROPOUT, .decides_size = true,
                 .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "dropout probability of layer inputs, 0 to 0.99 (ff-stream)"),
         .needs = {FF_IF_STREAMS})
FF_FIELD(CHOICE, standardize,
         FF_INFO(.option = "standardize", .argument = "HOW", .group = FF_GROUP_NETWORK,
                 .decides_size = true, .help = "how values of the data are standardised"),
         .choices = ff_standardize_choices, .initial = "auto", .since = 5)
FF_FIELD(CHOICE, input_scaling,
         FF_INFO(.option = "input-scaling", .argument = "HOW", .group = FF_GROUP_NETWORK,
                 .help = "how the inputs of a sample are scaled (backpropagation)"),
         .choices = ff_input_scaling_choices, .initial = "rms", .needs = {FF_IF_BACKPROP},
         .since = 7)
FF_FIELD(COUNT, jitter,
         FF_INFO(.option = "jitter", .argument = "N", .group = FF_GROUP_NETWORK, .low = 0,
                 .high = FF_MAX_JITTER, .decides_size = true,
                 .help = "random shifts of images by up to N pixels, redrawn in each epoch; with "
                         "ff-stream for the first layer"),
         .initial = "0")
FF_FIELD(REAL, context_dropout,
         FF_INFO(.option = "context-dropout", .argument = "P", .by_recipe = true,
                 .group = FF_GROUP_NETWORK, .low = 0, .high = 1, .decides_size = true,
                 .default_is = FF_DEFAULT_IN_HELP,
                 .help = "probability that the farthest character of a text's context is left "
                         "out, which falls to 0 at the nearest one; redrawn in each epoch; with "
                         "ff-stream for the first layer [0.5 with conditioned and a text, else 0]"),
         .since = 9)
FF_FIELD(COUNT, augment_copies,
         FF_INFO(.option = "augment-copies", .argument = "N", .group = FF_GROUP_NETWORK, .low = 1,
                 .high = FF_MAX_AUGMENT_COPIES, .decides_size = true,
                 .help = "augmentation copies: stored copies of the shifted images, or of texts "
                         "with context dropout, for the layers above, used in turn (softmax loss)"),
         .initial = "1", .needs = {FF_IF_STREAMS, FF_IF_LABELS, FF_IF_SHIFTS})
FF_FIELD(
    REAL, validation,
    FF_INFO(.option = "validation", .argument = "X", .group = FF_GROUP_NETWORK, .low = 0,
            .high = MOST_VALIDATION, .decides_size = true,
            .help = "fraction of held-out samples, 0 to 0.5, rounded up to whole batches; they "
                    "choose the layers whose goodness is summed and calibrate probabilities "
                    "(softmax loss; hard negatives with ff-stream)"),
    .initial = "0", .needs = {FF_IF_STREAMS, FF_IF_HOLDS_OUT})
FF_FIELD(COUNT, patience,
         FF_INFO(.option = "patience", .argument = "N", .group = FF_GROUP_NETWORK, .low = 0,
                 .high = FF_MAX_EPOCHS, .decides_size = true,
                 .help = "a layer stops after N epochs in which its error on held-out samples does "
                         "not fall, and keeps its best epoch; 0: off (ff-stream)"),
         .initial = "0",
         .needs = {FF_IF_STREAMS, FF_IF_HOLDS_OUT, FF_IF_VALIDATION, FF_IF_ONE_SWEEP}, .since = 6)
FF_FIELD(CHOICE, activations,
         FF_INFO(.option = "activations", .argument = "TYPE", .by_recipe = true,
                 .group = FF_GROUP_NETWORK, .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
                 .help = "data type of stored activations [u8 with conditioned, else f32]"),
         .choices = ff_activations_choices, .needs = {FF_IF_STREAMS})
FF_FIELD(CHOICE, optimizer,
         FF_INFO(.option = "optimizer", .argument = "NAME", .group = FF_GROUP_OPTIMIZER,
                 .decides_size = true, .help = "optimizer"),
         .choices = ff_optimizer_choices, .initial = "adam")
FF_FIELD(REAL, learning_rate,
         FF_INFO(.option = "lr", .argument = "X", .by_recipe = true, .group = FF_GROUP_OPTIMIZER,
                 .low = 0, .high = HUGE_NUMBER, .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "initial learning rate (with ff-stream of each layer)"),
         .needs = {FF_ALWAYS})
FF_FIELD(CHOICE, schedule,
         FF_INFO(.option = "schedule", .argument = "NAME", .group = FF_GROUP_OPTIMIZER,
                 .help = "learning rate over the epochs"),
         .choices = ff_schedule_choices, .initial = "linear")
FF_FIELD(REAL, weight_decay,
         FF_INFO(.option = "weight-decay", .argument = "X", .group = FF_GROUP_OPTIMIZER, .low = 0,
                 .high = HUGE_NUMBER, .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "decoupled weight decay; not applied to biases"),
         .initial = "0")
FF_FIELD(REAL, momentum,
         FF_INFO(.option = "momentum", .argument = "X", .group = FF_GROUP_OPTIMIZER, .low = 0,
                 .high = 1, .default_is = FF_DEFAULT_BY_CHOICE, .help = "momentum (sgd)"),
         .needs = {FF_IF_MOMENTUM})
FF_FIELD(REAL, beta1,
         FF_INFO(.option = "beta1", .argument = "X", .group = FF_GROUP_OPTIMIZER, .low = 0,
                 .high = LARGEST_BETA, .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "decay rate of the first moment (adam)"),
         .needs = {FF_IF_MOMENTS})
FF_FIELD(REAL, beta2,
         FF_INFO(.option = "beta2", .argument = "X", .group = FF_GROUP_OPTIMIZER, .low = 0,
                 .high = LARGEST_BETA, .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "decay rate of the second moment (adam)"),
         .needs = {FF_IF_MOMENTS})
FF_FIELD(REAL, epsilon,
         FF_INFO(.option = "epsilon", .argument = "X", .group = FF_GROUP_OPTIMIZER, .low = 0,
                 .high = 1, .default_is = FF_DEFAULT_BY_CHOICE,
                 .help = "epsilon, added to the root of the second moment (adam)"),
         .needs = {FF_IF_MOMENTS})
/* Where the whole network trains at once, the head trains with it: the value is then 0 or that of
 * the epochs, and if unset, the epochs unless the preset has no head. With bp it is the epochs. */
FF_FIELD(
    COUNT, head_epochs,
    FF_INFO(.option = "head-epochs", .argument = "N", .by_recipe = true, .group = FF_GROUP_HEAD,
            .low = 0, .high = FF_MAX_EPOCHS, .decides_size = true,
            .default_is = FF_DEFAULT_BY_CHOICE,
            .help = "epochs of the linear softmax head on each layer from the second, or on the "
                    "only one; 0: no head; with ff-full 0 or the epochs of the network"),
    .needs = {FF_IF_FORWARD})
FF_FIELD(REAL, head_learning_rate,
         FF_INFO(.option = "head-lr", .argument = "X", .group = FF_GROUP_HEAD, .low = 0,
                 .high = HUGE_NUMBER, .help = "learning rate of the head"),
         .initial = "1e-3", .needs = {FF_IF_FORWARD, FF_IF_HEAD})
FF_FIELD(REAL, head_weight_decay,
         FF_INFO(.option = "head-weight-decay", .argument = "X", .group = FF_GROUP_HEAD, .low = 0,
                 .high = HUGE_NUMBER, .help = "weight decay of the head"),
         .initial = "0", .needs = {FF_IF_FORWARD, FF_IF_HEAD})
