int batches();

int main() {
  return batches() == 4 ? 0 : 1;
}
