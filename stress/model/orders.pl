# The memory orders of a C file, by function and number: of scripts/model-check.
#   orders.pl FILE                          prints "FUNCTION N ORDER" for every order but relaxed
#   orders.pl FILE FUNCTION N ORDER WEAKER  writes WEAKER in the place of the N-th order, which must be ORDER
use strict;
use warnings;

my ($path, $wanted, $nth, $order, $weaker) = @ARGV;
open my $in, '<', $path or die "$path: $!\n";
my $text = do { local $/; <$in> };
my $found = 0;

sub visit {
  my ($function, $definition) = @_;
  my $n = 0;
  $definition =~ s/memory_order_(\w+)/"memory_order_" . visit_order($function, ++$n, $1)/ge;
  return $definition;
}

sub visit_order {
  my ($function, $n, $is) = @_;
  print "$function $n $is\n" if !$wanted && $is ne 'relaxed';
  return $is unless $wanted && $function eq $wanted && $n == $nth;
  die "$path: order $n of $function is $is, not $order\n" if $is ne $order;
  $found++;
  return $weaker;
}

# A definition begins at the start of a line, its name is the first before a parenthesis, and it ends with a
# brace at the start of a line.
$text =~ s/^((?:[^\n#\/ }][^\n;=]*?)?\b(?!_Atomic\b)(\w+)\([^;{]*\)\s*\{.*?^\})/visit($2, $1)/gmse;
exit 0 unless $wanted;
die "$path: no order $nth in $wanted\n" unless $found == 1;
open my $out, '>', $path or die "$path: $!\n";
print {$out} $text;
close $out or die "$path: $!\n";
