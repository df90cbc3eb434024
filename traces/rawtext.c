/* rawtext.c - formats whose rows are text, not counts of tokens. Only the model's own tokenizer could count them, so they are
 * known in order to be refused with the way out. A list of lengths is another matter: any CSV with a column of input tokens and one
 * of output tokens feeds a generator's "rows". */
#include "traces/reader.h"

static int refuse(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)state;
    gbl_rows_fail(rows, 0, err, "the rows are text, and text cannot be counted in tokens without the model's tokenizer");
    return gbl_expected(err, "lengths counted with it: a CSV with columns input,output and \"generate\": {\"rows\": {\"file\": \"lengths.csv\", \"input\": \"input\", \"output\": \"output\"}}, or Mooncake JSON lines");
}

const gbl_format gbl_sharegpt_format = {
    .name = "sharegpt", .help = "ShareGPT and other chat text, OpenAI batches, vLLM custom prompts: refused, for lack of a tokenizer",
    .signature = "conversations|prompt|custom_id,body|messages", .open = refuse};
