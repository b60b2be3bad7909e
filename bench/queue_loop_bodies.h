/* Included by queue_loops.h once for trying and once for waiting, which differ in LOOP (the name),
   PUT (false: stopped), TAKE (NULL: no more), PUT_MANY (how many went in), TAKE_MANY (0: no more) and END (of a
   producer) and HURRY (leave what is inside). No include guard: twice on purpose. */

static void LOOP(produce)(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t pushed = 0, sum = 0;
  while (!bench_is(&part->run->stop)) {
    for (unsigned burst = 0; burst < 16; burst++) {
      void *element = part->run->elements[(part->first + pushed) % BENCH_ELEMENTS];
      if (!PUT(&self, part, element)) break;
      pushed++;
      sum += (uintptr_t)element;
    }
  }
  part->pushed = pushed;
  part->pushed_sum = sum;
  END(&self, part);
  queue_leave(&self);
}

static void LOOP(consume)(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t popped = 0, sum = 0;
  void *element = part->run->poison;
  while (element != NULL && !HURRY(part)) {
    for (unsigned burst = 0; burst < 16; burst++) {
      element = TAKE(&self, part, &part->run->drained);
      if (element == NULL) break;
      popped++;
      sum += (uintptr_t)element;
    }
  }
  part->popped = popped;
  part->popped_sum = sum;
  queue_leave(&self);
}

static void LOOP(pair)(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t pushed = 0, popped = 0, pushed_sum = 0, popped_sum = 0;
  while (!bench_is(&part->run->stop)) {
    for (unsigned burst = 0; burst < 16; burst++) {
      void *element = part->run->elements[(part->first + pushed) % BENCH_ELEMENTS];
      if (!PUT(&self, part, element)) break;
      pushed++;
      pushed_sum += (uintptr_t)element;
      element = TAKE(&self, part, &part->run->stop);
      if (element == NULL) break;
      popped++;
      popped_sum += (uintptr_t)element;
    }
  }
  part->pushed = pushed;
  part->popped = popped;
  part->pushed_sum = pushed_sum;
  part->popped_sum = popped_sum;
  queue_leave(&self);
}

static void LOOP(ping)(queue_part *part) {
  queue_self there, back;
  queue_enter(&there, part->queue);
  queue_enter(&back, part->back);
  uint64_t pushed = 0, popped = 0, pushed_sum = 0, popped_sum = 0;
  while (!bench_is(&part->run->stop)) {
    void *element = part->run->elements[pushed % BENCH_ELEMENTS];
    uint64_t start = bench_now();
    if (!PUT(&there, part, element)) break;
    pushed++;
    pushed_sum += (uintptr_t)element;
    element = TAKE(&back, part, &part->run->stop);
    if (element == NULL) break;
    histogram_add(part->times, bench_now() - start);
    popped++;
    popped_sum += (uintptr_t)element;
  }
  part->pushed = pushed;
  part->popped = popped;
  part->pushed_sum = pushed_sum;
  part->popped_sum = popped_sum;
  END(&there, part);
  queue_leave(&back);
  queue_leave(&there);
}

static void LOOP(pong)(queue_part *part) {
  queue_self there, back;
  queue_enter(&there, part->queue);
  queue_enter(&back, part->back);
  uint64_t pushed = 0, popped = 0, pushed_sum = 0, popped_sum = 0;
  void *element;
  while ((element = TAKE(&there, part, &part->run->drained)) != NULL) {
    popped++;
    popped_sum += (uintptr_t)element;
    if (!PUT(&back, part, element)) continue;
    pushed++;
    pushed_sum += (uintptr_t)element;
  }
  part->pushed = pushed;
  part->popped = popped;
  part->pushed_sum = pushed_sum;
  part->popped_sum = popped_sum;
  queue_leave(&back);
  queue_leave(&there);
}

static void LOOP(trickle)(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t pushed = 0, sum = 0, gap = part->run->gap;
  while (!bench_is(&part->run->stop)) {
    bench_sleep(gap ? gap : BENCH_MILLI);
    if (gap == 0) continue;
    void *element = part->run->elements[pushed % BENCH_ELEMENTS];
    __atomic_store_n(&part->run->sent_at, bench_now(), __ATOMIC_RELEASE);
    if (!PUT(&self, part, element)) break;
    pushed++;
    sum += (uintptr_t)element;
  }
  part->pushed = pushed;
  part->pushed_sum = sum;
  END(&self, part);
  queue_leave(&self);
}

static void LOOP(receive)(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t popped = 0, sum = 0;
  void *element;
  while ((element = TAKE(&self, part, &part->run->drained)) != NULL) {
    histogram_add(part->times, bench_now() - __atomic_load_n(&part->run->sent_at, __ATOMIC_ACQUIRE));
    popped++;
    sum += (uintptr_t)element;
  }
  part->popped = popped;
  part->popped_sum = sum;
  queue_leave(&self);
}

#ifdef QUEUE_MANY
static void LOOP(produce_many)(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t pushed = 0, sum = 0;
  size_t n = part->run->many;
  while (!bench_is(&part->run->stop)) {
    void *const *elements = &part->run->elements[(part->first + pushed) % BENCH_ELEMENTS];
    size_t in = PUT_MANY(&self, part, elements, n);
    for (size_t i = 0; i < in; i++) sum += (uintptr_t)elements[i];
    pushed += in;
  }
  part->pushed = pushed;
  part->pushed_sum = sum;
  END(&self, part);
  queue_leave(&self);
}

static void LOOP(consume_many)(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t popped = 0, sum = 0;
  void *elements[BENCH_MANY];
  size_t n = part->run->many, out;
  while (!HURRY(part) && (out = TAKE_MANY(&self, part, elements, n)) > 0) {
    for (size_t i = 0; i < out; i++) sum += (uintptr_t)elements[i];
    popped += out;
  }
  part->popped = popped;
  part->popped_sum = sum;
  queue_leave(&self);
}
#endif
