// Package rfb speaks the remote framebuffer protocol (RFC 6143), both sides,
// and knows no policy: who may see, who may press a key and what is recorded is
// decided elsewhere. Messages are typed values, every length that a stranger
// sends is compared with a limit before anything is allocated, and what is not
// in the limits is an *Error that names the place.
//
// Beyond RFC 6143 it knows the extensions that servers in the field use, as the
// community's registry of the protocol describes them: Tight with JPEG,
// DesktopSize and ExtendedDesktopSize, LastRect, Fence, ContinuousUpdates, key
// events with scan codes (QEMU) and the extended clipboard in UTF-8.
//
// Security type None is meant for connections that something else protects; VNC
// authentication (type 2) is offered by the client side alone, for servers on the
// loopback of a terminal that insist on it. It is DES with eight characters and
// protects nothing on a network.
package rfb
