"""What runs the control plane: the broker on this machine, the worker and the command line.

The only package that brings Kafka, Faust and the deciders of `processors` together.
"""
