#!/usr/bin/perl
# Prints what a network card that is asleep would wake for: one line for each magic packet (six bytes of ones, then a
# hardware address sixteen times) that passes the device, whatever protocol and port carries it:
#   02:00:0a:58:00:0b udp/9
# A sleeping card has no IP stack and looks at bare frames, so this does, too. Perl, because its base package is on
# every Debian, and Node.js has no packet sockets.
#
# usage: wake-listener.pl DEVICE         Prints "listening" when it does; ends when its stdin ends.
use strict;
use warnings;

use constant {
  AF_PACKET => 17, SOCK_RAW => 3, ETH_P_ALL => 3, SIOCGIFINDEX => 0x8933,
  SOL_SOCKET => 1, SO_ATTACH_FILTER => 26,
  SOL_PACKET => 263, PACKET_ADD_MEMBERSHIP => 1, PACKET_MR_PROMISC => 1,
};

my ($device) = @ARGV;
defined $device or die "usage: wake-listener.pl DEVICE\n";
$| = 1;

# In the kernel, lest the traffic of a busy site fill the buffer: Wake-on-LAN's own ethertype, and UDP over IPv4 or IPv6.
my @program = (
  [0x28, 0, 0, 12],     # ethertype
  [0x15, 6, 0, 0x0842],
  [0x15, 3, 0, 0x86dd],
  [0x15, 0, 5, 0x0800],
  [0x30, 0, 0, 23],     # protocol of IPv4
  [0x15, 2, 3, 17],
  [0x30, 0, 0, 20],     # next header of IPv6
  [0x15, 0, 1, 17],
  [0x06, 0, 0, 65535],  # take it
  [0x06, 0, 0, 0],      # leave it
);
my $code = join '', map { pack 'S C C L', @$_ } @program;

socket(my $socket, AF_PACKET, SOCK_RAW, 0) or die "no packet socket: $!\n";
my $request = pack 'a16 x24', $device;
ioctl($socket, SIOCGIFINDEX, $request) or die "no device $device: $!\n";
my $index = unpack 'x16 i', $request;
setsockopt($socket, SOL_SOCKET, SO_ATTACH_FILTER, pack('S x![P] P', scalar @program, $code)) or die "no filter: $!\n";
# Also what is addressed to a host that is off: a bridge floods it, and takes it itself only when promiscuous.
setsockopt($socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, pack('i S S a8', $index, PACKET_MR_PROMISC, 0, ''))
  or die "not promiscuous: $!\n";
bind($socket, pack('S n i S C C a8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 0, '')) or die "cannot listen: $!\n";
print "listening\n";

# How it was carried: the port of UDP, or bare Ethernet.
sub carrier {
  my ($frame) = @_;
  my $type = unpack 'x12 n', $frame;
  return 'ethernet' if $type == 0x0842;
  my $header = $type == 0x0800 ? (ord(substr $frame, 14, 1) & 15) * 4 : 40;
  return 'udp/' . unpack 'n', substr($frame, 14 + $header + 2, 2);
}

for (;;) {
  my $ready = '';
  vec($ready, fileno(STDIN), 1) = 1;
  vec($ready, fileno($socket), 1) = 1;
  select($ready, undef, undef, undef);
  exit 0 if vec($ready, fileno(STDIN), 1) && !sysread(STDIN, my $ignored, 4096);
  next unless vec($ready, fileno($socket), 1);
  defined recv($socket, my $frame, 65536, 0) or die "cannot receive: $!\n";
  next unless $frame =~ /\xff{6}((?!\xff{6}).{6})\1{15}/s;
  print join(':', unpack '(H2)6', $1), ' ', carrier($frame), "\n";
}
