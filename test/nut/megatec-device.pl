#!/usr/bin/perl
# A serial UPS on a pseudo-terminal, as the driver nutdrv_qx knows it (Megatec's Q1 protocol): real upsd and a real driver
# that knows shutdown.return, and only the metal is played. Perl, because its base package is on every Debian, and
# Node.js makes no pseudo-terminals.
#
# usage: megatec-device.pl     Prints the terminal's path, then what it is told and what its output does, with seconds:
#   device /dev/pts/5
#   told S02R0003
#   output off 120.0           on stdin it takes `mains off`, `mains on`, `low on`, `low off`, `load 20`, `hurry 6 60`
#                              (its delays until off, and until on, pass so many times faster); ends when its stdin ends.
use strict;
use warnings;
use IO::Select;
use Time::HiRes qw(time);

use constant { TIOCSPTLCK => 0x40045431, TIOCGPTN => 0x80045430, TCGETS => 0x5401, TCSETS => 0x5402 };
$| = 1;

open(my $master, '+<', '/dev/ptmx') or die "no pseudo-terminal: $!\n";
my $zero = pack 'i', 0;
ioctl($master, TIOCSPTLCK, $zero) or die "unlock: $!\n";
my $number = pack 'i', 0;
ioctl($master, TIOCGPTN, $number) or die "number: $!\n";
my $path = '/dev/pts/' . unpack 'i', $number;
# Held open: a terminal that nobody has open reads as an error. No echo, no translation: a serial line has none.
open(my $slave, '+<', $path) or die "$path: $!\n";
my $settings = "\0" x 64;
ioctl($slave, TCGETS, $settings) or die "settings: $!\n";
substr($settings, 0, 4) = pack 'I', 0;
substr($settings, 4, 4) = pack 'I', 0;
substr($settings, 12, 4) = pack 'I', 0;
ioctl($slave, TCSETS, $settings) or die "settings: $!\n";
chmod 0666, $path;
print "device $path\n";

my ($mains, $low, $load, $hurry, $hurry_on, $output) = (1, 0, 20, 1, 1, 1);
my ($off_at, $on_delay, $told_at);
my $select = IO::Select->new($master, \*STDIN);
my ($line, $control) = ('', '');

# S<minutes>R<minutes>: off after so long (.5: half a minute), on again so long after that, once mains is there.
sub shut_down {
  my ($minutes, $back) = @_;
  $told_at = time;
  $off_at = $told_at + 60 * $minutes / $hurry;
  $on_delay = 60 * $back / $hurry_on;
}

sub answer {
  my ($command) = @_;
  if ($command eq 'Q1') {
    my $bits = join '', $mains ? 0 : 1, $low ? 1 : 0, 0, 0, 1, 0, defined $off_at && $output ? 1 : 0, 0;
    my $carried = $output ? $load : 0;
    return sprintf "(%05.1f 195.0 %05.1f %03d 49.9 27.0 30.0 %s\r", $mains ? 230 : 0, $output ? 230 : 0, $carried, $bits;
  }
  return "#230.0 004 024.0 50.0\r" if $command eq 'F';
  return "#Played          Megatec    1.0       \r" if $command eq 'I';
  print "told $command\n" unless $command eq 'M' || $command eq '';
  if ($command =~ /^S(\.\d|\d\d)R(\d{4})$/) { shut_down($1, $2) }
  elsif ($command eq 'C') { undef $off_at }
  return '';
}

sub control {
  my ($name, $value, $other) = split ' ', $_[0];
  if ($name eq 'mains') { $mains = $value eq 'on' }
  elsif ($name eq 'low') { $low = $value eq 'on' }
  elsif ($name eq 'load') { $load = $value }
  elsif ($name eq 'hurry') { ($hurry, $hurry_on) = ($value, $other) }
}

while (1) {
  for my $ready ($select->can_read(0.05)) {
    my $count = sysread $ready, my $bytes, 4096;
    exit if !$count && $ready == \*STDIN;
    next unless $count;
    if ($ready == $master) {
      $line .= $bytes;
      while ($line =~ s/^([^\r]*)\r//) { my $reply = answer($1); syswrite $master, $reply if $reply ne '' }
    } else {
      $control .= $bytes;
      while ($control =~ s/^([^\n]*)\n//) { control($1) }
    }
  }
  next unless defined $off_at;
  if ($output && time >= $off_at) {
    $output = 0;
    printf "output off %.1f\n", $hurry * (time - $told_at);
  }
  if (!$output && $mains && time >= $off_at + $on_delay) {
    $output = 1;
    undef $off_at;
    print "output on\n";
  }
}
