/*
 * Training on: new models from finished ones. Lower layers of a network trained with
 * Forward-Forward do not depend on those above, so layers can be added or dropped without training
 * the others again. The finished model is not changed.
 */
#ifndef FFTOOL_EXTEND_H
#define FFTOOL_EXTEND_H

#include <fftool/train.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ff_extend_opts {
    size_t size;        /* sizeof(struct ff_extend_opts) */
    const char *from;   /* the finished model */
    const char *hidden; /* layers to train on top of those kept, as the field "hidden" of a recipe:
                           "500x2"; NULL: none */
    uint32_t keep;      /* layers to keep, from the first on; 0: all */
    uint32_t epochs;    /* with HIDDEN: of each new layer; 0: as many as the recipe of FROM has.
                           Without: more epochs of the top layer kept; where all layers train in
                           turn (sweeps) or at once, of all, then a multiple of a sweep's; 0: none */
};

/*
 * Makes the model TRAIN->model from EXTEND->from and trains it. The new model has the weights of
 * the layers kept, the columns, classes and means of the data, and the recipe of FROM; its
 * lineage (model.h) names FROM. Layers added on the same data get the weights that they would have
 * got in a training of all layers, bit for bit. More epochs begin with an optimizer state of zero,
 * and continue the schedule of the learning rate as if the training had been planned for all.
 *
 * Without TRAIN->data, trains on the data of FROM, which must be unchanged; a network of another
 * program (exchange.h) has none. Other data must have the same columns and classes, by name where
 * they have names.
 *
 * If TRAIN->model exists, it is resumed if the same call made it; else FF_EEXIST, unless
 * TRAIN->force is set. ff_train_resume() resumes it, too. FF_EINVAL: FROM is not complete; there is
 * nothing to do; or its mode cannot do it, as the message says. Else fails like ff_train().
 */
FF_CHECK int ff_extend(struct ff_ctx *ctx, const struct ff_extend_opts *extend,
                       const struct ff_train_opts *train, struct ff_train_result *result);

#ifdef __cplusplus
}
#endif
#endif
