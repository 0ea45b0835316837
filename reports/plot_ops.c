// SPDX-License-Identifier: Apache-2.0
// What the plots of a profile have in common: a colour for each operator, and their legend.
#include "harness/base/span.h"
#include "reports/plots_impl.h"

// Neighbours in a model are told apart: each part of a layer has a hue of its own.
static const unsigned colors[EB_OP_COUNT + 1] = {
    [EB_OP_OTHER] = 0x8C8C8C,       [EB_OP_EMBEDDING] = 0xC8B400, [EB_OP_NORM] = 0x7F5F3F,
    [EB_OP_QKV] = 0x0072B2,         [EB_OP_ROPE] = 0x003A5C,      [EB_OP_ATTENTION] = 0x56B4E9,
    [EB_OP_ATTN_OUT] = 0x2F7FA8,    [EB_OP_FFN_IN] = 0xE69F00,    [EB_OP_FFN_OUT] = 0xD55E00,
    [EB_OP_ROUTER] = 0x6A0DAD,      [EB_OP_EXPERT] = 0xCC79A7,    [EB_OP_SSM_IN] = 0x009E73,
    [EB_OP_CONVOLUTION] = 0x66C2A5, [EB_OP_SSM_PARAM] = 0x1B5E20, [EB_OP_SCAN] = 0x8BC34A,
    [EB_OP_SSM_OUT] = 0x00695C,     [EB_OP_HEAD] = 0xB71C1C,      [EB_OP_SAMPLING] = 0xF48FB1,
    [EB_OP_COUNT] = 0xDCDCDC,
};

unsigned eb_plot_op_rgb(int op)
{
    return colors[op >= 0 && op <= EB_OP_COUNT ? op : EB_OP_OTHER];
}

int eb_plot_op_legend(eb_text *t, const bool present[EB_OP_COUNT + 1], int y, int width, int height)
{
    enum { LEFT = 12, LINE = 20, BOX = 36, CHAR = 7 };
    int x = LEFT, line = 0;
    for (int op = 0; op <= EB_OP_COUNT; op++) {
        const char *name = op == EB_OP_COUNT ? "outside" : eb_op_name((eb_op)op);
        int takes = BOX + CHAR * eb_text_width(name);
        char color[16];
        if (!present[op])
            continue;
        if (x > LEFT && x + takes > width) {
            x = LEFT;
            line++;
        }
        snprintf(color, sizeof color, "#%06X", eb_plot_op_rgb(op));
        if (t)
            eb_plot_legend(t, op, x, y + line * LINE + LINE / 2.0, color, name, width, height);
        x += takes;
    }
    return (line + 1) * LINE;
}
