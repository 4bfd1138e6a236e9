"""One training by several processes, on one machine's cores or GPUs.

The process that trains (rank 0) leads: it alone has the batches, the optimiser, the saved states and the watch. The
others hold the model and nothing else. For each step they get the weights and their share of the rows, and give back
the sum of their gradients; accelerate sets up the group and carries the tensors (gloo between CPUs, NCCL between GPUs),
pipes carry the orders. So whatever ends a training (cancelled, lease lost, a loss that is no number) is decided in one
place, and a helper knows only two endings: its next order, or the end of its pipe.
"""
