"""The built-in loaders, engines, repairs, normalisers and exporters, which register like anybody else's."""
