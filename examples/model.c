#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <headrace/transform.h>

#include "matrix.h"

enum {
  CONTEXT = MODEL_CONTEXT,
  HIDDEN = MODEL_HIDDEN,
  BYTES = MODEL_BYTES,
  BEFORE = BYTES, /* stands for the bytes before a row */
  ROWS = 64       /* positions worked on at a time */
};

typedef struct layers {
  float table[CONTEXT][BYTES + 1][HIDDEN];
  float hidden_bias[HIDDEN];
  float out[HIDDEN][BYTES];
  float out_bias[BYTES];
} layers;

struct model {
  layers weights, first, second; /* the moments of Adam */
  float out_transposed[BYTES][HIDDEN];
  uint64_t updates;
};

struct gradient {
  struct {
    layers sum;
    float loss, tokens;
  } numbers;
  /* [ROWS] positions: bytes before them (the nearest first), byte to predict, 1 or 0. */
  uint16_t before[ROWS][CONTEXT];
  uint8_t next[ROWS];
  float counts[ROWS];
  float hidden[ROWS][HIDDEN], hidden_transposed[HIDDEN][ROWS], hidden_error[ROWS][HIDDEN];
  float out[ROWS][BYTES]; /* logits, probabilities, errors */
};

size_t model_parameters(void) {
  return sizeof(layers) / sizeof(float);
}

size_t gradient_length(void) {
  return model_parameters() + 2;
}

float *gradient_numbers(gradient *g) {
  return (float *)&g->numbers;
}

const float *model_numbers(const model *m) {
  return (const float *)&m->weights;
}

model *model_create(uint64_t seed) {
  model *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  batch_random random = batch_random_start(seed);
  float *table = &m->weights.table[0][0][0], *out = &m->weights.out[0][0];
  for (size_t i = 0; i < sizeof m->weights.table / sizeof(float); i++)
    table[i] = batch_random_normal(&random) / sqrtf(CONTEXT);
  for (size_t i = 0; i < sizeof m->weights.out / sizeof(float); i++)
    out[i] = 0.01f * batch_random_normal(&random) / sqrtf(HIDDEN);
  matrix_transpose(&m->out_transposed[0][0], out, HIDDEN, BYTES);
  return m;
}

void model_free(model *m) {
  free(m);
}

gradient *gradient_create(void) {
  return calloc(1, sizeof(gradient));
}

void gradient_free(gradient *g) {
  free(g);
}

void gradient_clear(gradient *g) {
  memset(&g->numbers, 0, sizeof g->numbers);
}

double gradient_tokens(const gradient *g) {
  return g->numbers.tokens;
}

double gradient_loss(const gradient *g) {
  return g->numbers.tokens > 0 ? g->numbers.loss / g->numbers.tokens : 0;
}

static void hide(const model *m, const uint16_t *before, float *hidden) {
  memcpy(hidden, m->weights.hidden_bias, sizeof m->weights.hidden_bias);
  for (size_t k = 0; k < CONTEXT; k++) vector_add(hidden, m->weights.table[k][before[k]], HIDDEN);
  for (size_t j = 0; j < HIDDEN; j++) hidden[j] = hidden[j] > 0 ? hidden[j] : 0;
}

/* out becomes the error at each position: probability minus 1 for the byte that came, minus 0 for others. */
static void forward(gradient *g, const model *m) {
  for (size_t row = 0; row < ROWS; row++) {
    hide(m, g->before[row], g->hidden[row]);
    memcpy(g->out[row], m->weights.out_bias, sizeof m->weights.out_bias);
  }
  matrix_multiply_add(&g->out[0][0], &g->hidden[0][0], &m->weights.out[0][0], ROWS, HIDDEN, BYTES);
  for (size_t row = 0; row < ROWS; row++) {
    if (g->counts[row] == 0) {
      memset(g->out[row], 0, sizeof g->out[row]);
      continue;
    }
    g->numbers.loss -= softmax(g->out[row], BYTES, g->next[row]);
    g->numbers.tokens += 1;
    g->out[row][g->next[row]] -= 1;
  }
}

static void backward(gradient *g, const model *m) {
  layers *sum = &g->numbers.sum;
  matrix_transpose(&g->hidden_transposed[0][0], &g->hidden[0][0], ROWS, HIDDEN);
  matrix_multiply_add(&sum->out[0][0], &g->hidden_transposed[0][0], &g->out[0][0], HIDDEN, ROWS, BYTES);
  memset(g->hidden_error, 0, sizeof g->hidden_error);
  matrix_multiply_add(&g->hidden_error[0][0], &g->out[0][0], &m->out_transposed[0][0], ROWS, BYTES, HIDDEN);
  for (size_t row = 0; row < ROWS; row++) {
    if (g->counts[row] == 0) continue;
    vector_add(sum->out_bias, g->out[row], BYTES);
    for (size_t j = 0; j < HIDDEN; j++) g->hidden_error[row][j] *= g->hidden[row][j] > 0 ? 1.0f : 0.0f;
    vector_add(sum->hidden_bias, g->hidden_error[row], HIDDEN);
    for (size_t k = 0; k < CONTEXT; k++)
      vector_add(sum->table[k][g->before[row][k]], g->hidden_error[row], HIDDEN);
  }
}

/* Takes up to ROWS positions of a row of the batch from column `first` on; the rest do not count. */
static void load(gradient *g, const Batch *batch, uint32_t row, uint32_t first) {
  size_t base = (size_t)row * batch->sequence_length;
  for (uint32_t i = 0; i < ROWS; i++) {
    uint32_t column = first + i;
    bool there = column < batch->sequence_length && batch->mask.data[base + column] != 0;
    g->counts[i] = there ? 1.0f : 0.0f;
    g->next[i] = there ? (uint8_t)batch->target.i32[base + column] : 0;
    for (uint32_t k = 0; k < CONTEXT; k++)
      g->before[i][k] = there && column >= k ? (uint16_t)(batch->input.i32[base + column - k] & 255) : BEFORE;
  }
}

void gradient_accumulate(gradient *g, const model *m, const Batch *batch) {
  for (uint32_t row = 0; row < batch->batch_size; row++)
    for (uint32_t first = 0; first < batch->sequence_length; first += ROWS) {
      load(g, batch, row, first);
      forward(g, m);
      backward(g, m);
    }
}

void gradient_add(gradient *sum, const gradient *part) {
  vector_add((float *)&sum->numbers, (const float *)&part->numbers, gradient_length());
}

void model_update(model *m, const gradient *sum, float rate) {
  m->updates++;
  adam a = {rate, 0.9f, 0.99f, 1e-8f, 0, 0};
  /* Adam's step does not depend on the gradient's scale: the sum does as well as the mean, with
     epsilon scaled alike. */
  a.epsilon *= sum->numbers.tokens;
  a.correct1 = 1.0f / (1.0f - powf(a.decay1, (float)m->updates));
  a.correct2 = 1.0f / (1.0f - powf(a.decay2, (float)m->updates));
  adam_update(&a, (float *)&m->weights, (float *)&m->first, (float *)&m->second,
              (const float *)&sum->numbers.sum, model_parameters());
  matrix_transpose(&m->out_transposed[0][0], &m->weights.out[0][0], HIDDEN, BYTES);
}

uint64_t model_updates(const model *m) {
  return m->updates;
}

void model_write(const model *m, uint64_t seed, char *text, size_t length) {
  batch_random random = batch_random_start(seed);
  uint16_t before[CONTEXT];
  for (size_t k = 0; k < CONTEXT; k++) before[k] = BEFORE;
  before[0] = '\n';
  for (size_t i = 0; i < length; i++) {
    float hidden[4][HIDDEN] = {{0}}, out[4][BYTES] = {{0}}; /* of 4 rows, the least, only the first is used */
    hide(m, before, hidden[0]);
    memcpy(out[0], m->weights.out_bias, sizeof out[0]);
    matrix_multiply_add(&out[0][0], &hidden[0][0], &m->weights.out[0][0], 4, HIDDEN, BYTES);
    softmax(out[0], BYTES, 0);
    float left = batch_random_uniform(&random);
    size_t next = 0;
    while (next + 1 < BYTES && (left -= out[0][next]) >= 0) next++;
    text[i] = (char)next;
    memmove(before + 1, before, sizeof before - sizeof *before);
    before[0] = (uint16_t)next;
  }
  text[length] = '\0';
}

bool model_save(const model *m, FILE *file) {
  return fwrite(m, sizeof *m, 1, file) == 1;
}

bool model_load(model *m, FILE *file) {
  return fread(m, sizeof *m, 1, file) == 1;
}
