// Package tablestore keeps the tables of all accounts of a node and their
// entities, on Pebble, in the order of their keys.
package tablestore
