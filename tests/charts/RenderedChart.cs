namespace ConcertDapr.Charts;

/// <summary>What helm made of the chart, or why it refused.</summary>
internal sealed record RenderedChart(string? Refusal, IReadOnlyList<Manifest> Manifests)
{
    public IReadOnlyList<Component> Components => field ??= DaprResources.Of<Component>(Manifests);

    public IReadOnlyList<Subscription> Subscriptions => field ??= DaprResources.Of<Subscription>(Manifests);

    public IReadOnlyList<Resiliency> Resiliencies => field ??= DaprResources.Of<Resiliency>(Manifests);

    public IReadOnlyList<Configuration> Configurations => field ??= DaprResources.Of<Configuration>(Manifests);

    public IReadOnlyList<Manifest> Deployments => OfKind("Deployment");

    /// <summary>Everything that describes a pod.</summary>
    public IReadOnlyList<Manifest> Workloads => [.. Manifests.Where(m => m.Pod is not null)];

    public IReadOnlyList<Manifest> OfKind(string kind) => [.. Manifests.Where(m => m.Kind == kind)];

    public static async Task<RenderedChart> RenderAsync(string chart, IEnumerable<string> files, IEnumerable<string> sets)
    {
        var result = await Helm.TemplateAsync(chart, files, sets);
        return result.ExitCode == 0 ? new(null, Manifest.ParseAll(result.Output)) : new(result.Errors, []);
    }

    /// <summary>Everything that is wrong: helm's refusal, or what types, Dapr's resources and our own rules say.</summary>
    public async Task<IReadOnlyList<string>> ProblemsAsync()
    {
        if (Refusal is not null) return [Refusal];
        var dapr = Manifests.Where(m => m.IsDapr).Select(DaprResources.ProblemOf).OfType<string>().ToList();
        var types = await KubernetesTypes.ProblemsAsync(Manifests.Where(m => !m.IsDapr));
        // Rules compare well-formed things.
        return dapr.Count + types.Count > 0 ? [.. dapr, .. types] : [.. PodRules.Of(this), .. ClusterRules.Of(this), .. DaprRules.Of(this)];
    }
}
