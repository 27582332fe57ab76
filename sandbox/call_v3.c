#include "call_v3.h"

#include "base/err.h"
#include "base/mem.h"

int call_v3_new(struct call *call)
{
    call->v3 = mem_new(struct call_v3);
    if (!call->v3)
        return ERR_NOMEM;
    call->v3->call = call;
    return 0;
}

void call_v3_free(struct call_v3 *v3)
{
    if (!v3)
        return;
    json_decref(v3->in);
    json_decref(v3->out);
    json_decref(v3->detail);
    buf_release(&v3->file);
    dress_v3_release(&v3->dress);
    mem_free(v3);
}
