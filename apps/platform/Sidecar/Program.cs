Console.Error.WriteLine("The command line of the embedded sidecar is not built yet.");
return 1;
