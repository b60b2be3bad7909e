#!/bin/sh
# For shellcheck: what if the name has a blank?
rm -f $1
