{
  # Delegates to CMakeLists.txt, the one build description, so that npm's own tooling can build the package too.
  "targets": [
    {
      "target_name": "cmake",
      "type": "none",
      "actions": [
        {
          "action_name": "build-native",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["<(module_root_dir)/build/Release/zmdetect.node"],
          "action": ["<(module_root_dir)/scripts/build-native"]
        }
      ]
    }
  ]
}
