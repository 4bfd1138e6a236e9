"""What the Makefile's targets run. No part of the product: nothing in it imports this package."""
