/* What bounds the content of deflated data, before it is read. */
#ifndef FF_INPUT_DEFLATE_H
#define FF_INPUT_DEFLATE_H

#define FF_DEFLATE_RATIO 1032u /* the highest there is (zlib.net, "zlib Technical Details") */

#endif
