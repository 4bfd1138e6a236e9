"""What is compared and judged: questions, rationales, studies, slots, ratings, their analysis and export."""
