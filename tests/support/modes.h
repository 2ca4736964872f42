/*
 * The modes of training, for tests that loop over them: a new row of the table is tested as soon as
 * it is there.
 */
#ifndef MODES_H
#define MODES_H

enum mode_kind {
    MODE_ANY,
    MODE_GOODNESS, /* Forward-Forward */
    MODE_WHOLE,    /* the whole network trains at once */
    MODE_BACKPROP
};

/* Returns the number of modes of KIND: the end of a loop test. */
int mode_count(enum mode_kind kind);
/* Returns the name of mode I of KIND, from 0, in the order of the table. */
const char *mode_name(enum mode_kind kind, int i);

#endif
